import { Copy } from "@/ui";

/** A secret that is shown this once, ready to be copied. */
export function SecretOnce({ label, secret }: { label: string; secret: string }) {
  return (
    <div role="status" className="rounded-2xl border-2 border-edge bg-sunk p-4">
      <Copy label={label} value={secret} once />
    </div>
  );
}
