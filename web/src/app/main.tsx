import "@fontsource-variable/bricolage-grotesque/index.css";
import "@fontsource-variable/figtree/index.css";
import "./app.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { onSignedOut } from "@/lib/client";
import { meKey } from "@/features/identity/queries";
import { registerWorker } from "./offline";
import { newQueryClient } from "./query-client";
import { newRouter } from "./router";

const queries = newQueryClient();
const router = newRouter(queries);

onSignedOut(() => {
  queries.setQueryData(meKey, null);
  void router.navigate({ to: "/sign-in", search: { from: location.pathname } });
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
