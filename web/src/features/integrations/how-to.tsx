import { Link } from "@tanstack/react-router";
import type { Source } from "@/lib/types";
import { Copy } from "@/ui";

const full = (url: string): string => (url.startsWith("http") ? url : `${location.origin}${url}`);

const curl = (url: string): string => `curl -X POST ${url} \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/cloudevents+json" \\
  -d '{"specversion":"1.0","id":"1","source":"/lessons","type":"school.lesson.completed","account":"wren@school","data":{"lesson":"Loops"}}'`;

const signed = (url: string): string => `BODY='{"id":"a-17"}'
SIGNATURE=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/^.* //')
curl -X POST ${url} \\
  -H "Content-Type: application/json" \\
  -H "X-Questhall-Signature-256: sha256=$SIGNATURE" \\
  -d "$BODY"`;

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

function JsonSteps({ url }: { url: string }) {
  return (
    <div className="grid gap-3">
      <ol className="grid list-decimal gap-1 pl-5">
        <li>Have your service send its JSON by POST, one act or a list of them.</li>
        <li>It signs the raw body: HMAC with SHA-256 and the secret, in the header X-Questhall-Signature-256.</li>
        <li>Under accounts, say which account is which player. They are known in this source alone.</li>
      </ol>
      <Copy label="To try it" value={signed(url)} />
    </div>
  );
}

const STEPS = { github: GitHubSteps, cloudevents: CloudEventsSteps, json: JsonSteps };

/** How a source is connected; with its secret right after it was made or changed. */
export function HowTo({ source, secret }: { source: Pick<Source, "kind" | "ingest_url">; secret?: string | null }) {
  const url = full(source.ingest_url);
  const Steps = STEPS[source.kind];
  return (
    <div className="grid min-w-0 gap-4 rounded-2xl border-2 border-edge bg-sunk p-4">
      <Copy label={source.kind === "github" ? "Payload URL" : "Address"} value={url} />
      {secret && (
        <div role="status">
          <Copy label="Secret" value={secret} once />
        </div>
      )}
      <Steps url={url} />
    </div>
  );
}
