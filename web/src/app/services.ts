import { queryOptions, useQuery } from "@tanstack/react-query";
import { read } from "@/lib/client";

interface Services {
  items: { name: string; present: boolean }[];
}

/** Which services are deployed here: what is absent hides its routes. */
export const servicesQuery = queryOptions({ queryKey: ["services"], queryFn: () => read("/services"), staleTime: 300_000 });

export const isPresent = (services: Services | undefined, name: string): boolean => services?.items.find((service) => service.name === name)?.present ?? true;

export function usePresent(): (name: string) => boolean {
  const { data } = useQuery(servicesQuery);
  return (name) => isPresent(data, name);
}
