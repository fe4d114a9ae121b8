import type { Source } from "@/lib/types";
import { Copy } from "./copy";

const full = (url: string): string => (url.startsWith("http") ? url : `${location.origin}${url}`);

/** What to do with a source that was just made, or whose secret was changed. */
export function HowTo({ source, secret, token }: { source: Pick<Source, "kind" | "ingest_url">; secret?: string | null; token?: string | null }) {
  return (
    <div role="status" className="grid gap-4 rounded-2xl border-2 border-edge bg-sunk p-4">
      <Copy label={source.kind === "github" ? "Payload URL" : "Address"} value={full(source.ingest_url)} />
      {secret && <Copy label="Secret" value={secret} once />}
      {token && <Copy label="Token" value={token} once />}
      {source.kind === "github" ? (
        <ol className="grid list-decimal gap-1 pl-5">
          <li>On GitHub, open the repository or organisation, then Settings, Webhooks, Add webhook.</li>
          <li>Paste the payload URL, choose the content type application/json, paste the secret.</li>
          <li>Choose “Send me everything”, or pull requests, reviews, issues and pushes. Add it.</li>
          <li>GitHub sends a ping at once: it shows up below under deliveries.</li>
        </ol>
      ) : (
        <p>Send CloudEvents 1.0 by POST, binary, structured or batched, with “Authorization: Bearer” and a token of scope ingest.</p>
      )}
    </div>
  );
}
