import "@fontsource-variable/bricolage-grotesque/index.css";
import "@fontsource-variable/figtree/index.css";
import "./app.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { whenMissing } from "@/art";
import { onSignedOut } from "@/lib/client";
import { meKey } from "@/features/identity/queries";
import { forgetReads, registerWorker } from "./offline";
import { loadMore } from "@/ui/more-icons";
import { newQueryClient } from "./query-client";
import { newRouter } from "./router";

whenMissing(loadMore);
const queries = newQueryClient();
const router = newRouter(queries);

// The session ended elsewhere or ran out: nothing of it stays, and signing in leads back to here.
onSignedOut(() => {
  if (location.pathname === "/sign-in") return;
  void forgetReads();
  queries.clear();
  queries.setQueryData(meKey, null);
  void router.navigate({ to: "/sign-in", search: { from: location.pathname + location.search, ended: true } });
});

const root = document.getElementById("root");
if (!root) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
registerWorker();
