import { Link } from "@tanstack/react-router";
import type { Source } from "@/lib/types";
import { Copy } from "@/ui";

const full = (url: string): string => (url.startsWith("http") ? url : `${location.origin}${url}`);

const curl = (url: string): string => `curl -X POST ${url} \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/cloudevents+json" \\
  -d '{"specversion":"1.0","id":"1","source":"/lessons","type":"school.lesson.completed","account":"wren@school","data":{"lesson":"Loops"}}'`;

function GitHubSteps() {
  return (
    <ol className="grid list-decimal gap-1 pl-5">
      <li>On GitHub, open the repository or organisation, then Settings, Webhooks, Add webhook.</li>
      <li>Paste the payload URL, choose the content type application/json, paste the secret.</li>
      <li>Choose “Send me everything”, or pull requests, reviews, issues and pushes. Add it.</li>
      <li>GitHub sends a ping at once: it shows up under deliveries.</li>
      <li>Under accounts, say which GitHub name is which player. What came before has waited for it.</li>
    </ol>
  );
}

function CloudEventsSteps({ url }: { url: string }) {
  return (
    <div className="grid gap-3">
      <ol className="grid list-decimal gap-1 pl-5">
        <li>
          Make an access token with the scope “ingest” in your{" "}
          <Link to="/settings" className="link">
            settings
          </Link>
          .
        </li>
        <li>Send CloudEvents 1.0 by POST, one alone (binary or structured) or in batches.</li>
        <li>“account” says who did it: under accounts, say which account is which player.</li>
      </ol>
      <Copy label="To try it" value={curl(url)} />
    </div>
  );
}

/** How a source is connected; with its secret right after it was made or changed. */
export function HowTo({ source, secret }: { source: Pick<Source, "kind" | "ingest_url">; secret?: string | null }) {
  const url = full(source.ingest_url);
  return (
    <div className="grid min-w-0 gap-4 rounded-2xl border-2 border-edge bg-sunk p-4">
      <Copy label={source.kind === "github" ? "Payload URL" : "Address"} value={url} />
      {secret && (
        <div role="status">
          <Copy label="Secret" value={secret} once />
        </div>
      )}
      {source.kind === "github" ? <GitHubSteps /> : <CloudEventsSteps url={url} />}
    </div>
  );
}
