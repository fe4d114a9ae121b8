import { useQuery } from "@tanstack/react-query";
import { currencyName } from "@/lib/format";
import { currencyIcon } from "@/ui";
import { balancesQuery } from "./queries";

/** The name and the picture of a currency by its code; one that was added later brings its own. */
export function useKinds(): (code: string) => { name: string; icon: string } {
  const { data } = useQuery(balancesQuery);
  return (code) => {
    const known = data?.items.find((item) => item.currency === code);
    return { name: currencyName(code, known?.name), icon: currencyIcon(code, known?.icon) };
  };
}
