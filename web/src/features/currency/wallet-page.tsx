import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { currencyName, number } from "@/lib/format";
import { Card, currencyIcon, Icon, Select, Skeleton } from "@/ui";
import { Give } from "./give";
import { Ledger } from "./ledger";
import { LevelBar } from "./level-bar";
import { balancesQuery } from "./queries";

export function WalletPage() {
  const { data } = useQuery(balancesQuery);
  const [currency, setCurrency] = useState("");
  const spendable = data?.items.filter((item) => item.currency !== "xp") ?? [];
  return (
    <>
      <h1 className="page-title">Wallet</h1>
      <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_320px] lg:items-start">
        <Card
          title="What came and went"
          className="max-lg:order-2"
          action={
            <label className="flex min-w-0 items-center gap-2 text-sm font-bold">
              <span className="max-sm:sr-only">Show</span>
              <Select className="max-w-36 truncate sm:max-w-52" value={currency} onChange={(event) => setCurrency(event.target.value)}>
                <option value="">All</option>
                {data?.items.map((item) => (
                  <option key={item.currency} value={item.currency}>
                    {item.name}
                  </option>
                ))}
              </Select>
            </label>
          }
        >
          <Ledger currency={currency} />
        </Card>
        <div className="grid gap-5">
          <Card title="Balances">
            {!data && <Skeleton height={252} />}
            <ul className="balances">
              {spendable.map((item) => (
                <li key={item.currency} className="balance">
                  <Icon name={currencyIcon(item.currency, item.icon)} size={40} />
                  <div className="min-w-0">
                    <p className="font-display text-2xl tabular-nums">{number(item.amount)}</p>
                    <p className="text-sm text-ink-2 wrap-anywhere">
                      {currencyName(item.currency, item.name)}
                      {item.held > 0 && `, ${number(item.held)} set aside`}
                      {item.debt > 0 && `, ${number(item.debt)} owed`}
                      {item.debt_why && (
                        <Link to="/why/$kind/$id" params={{ kind: "transaction", id: item.debt_why }} className="why-link">
                          Why?<span className="sr-only"> {number(item.debt)} {currencyName(item.currency, item.name)} owed</span>
                        </Link>
                      )}
                    </p>
                  </div>
                </li>
              ))}
            </ul>
            <Give />
          </Card>
          <Card title="Level">
            <LevelBar />
            <p className="mt-3 text-sm text-ink-2">XP is never spent: it only takes you up.</p>
          </Card>
        </div>
      </div>
    </>
  );
}
