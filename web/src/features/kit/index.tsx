import { Bar, Button, Card, Field, Input, Pill, Switch } from "@/ui";
import { AvatarSheet, BadgeSheet, PetSheet } from "./sheets";

/** Each part and drawing at a glance; in development only. */
export function Kit() {
  return (
    <div className="grid gap-5">
      <h1 className="page-title">Kit</h1>
      <PetSheet />
      <AvatarSheet />
      <BadgeSheet />
      <Card title="Parts">
        <div className="grid gap-4">
          <div className="flex flex-wrap gap-3">
            {(["primary", "plain", "gold", "danger", "quiet"] as const).map((variant) => (
              <Button key={variant} variant={variant}>
                {variant}
              </Button>
            ))}
          </div>
          <div className="flex flex-wrap gap-3">
            {(["plain", "ok", "bad", "gold", "xp"] as const).map((tone) => (
              <Pill key={tone} tone={tone}>
                {tone}
              </Pill>
            ))}
          </div>
          <Bar value={0.6} label="60 of 100" />
          <Bar value={0.4} label="40 of 100" tone="xp" />
          <Field label="A field" hint="What it is about">
            {(ids) => <Input {...ids} />}
          </Field>
          <Switch checked onChange={() => undefined} label="A switch" hint="On" />
        </div>
      </Card>
    </div>
  );
}
