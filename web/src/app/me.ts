import { useQuery } from "@tanstack/react-query";
import type { Me } from "@/lib/types";
import { meQuery } from "@/features/identity/queries";

/** Who is signed in. Only below the inside route, which lets nobody else in. */
export function useMe(): Me {
  const { data } = useQuery(meQuery);
  if (!data) throw new Error("nobody is signed in");
  return data;
}

export function useMay(): (permission: string) => boolean {
  const { data } = useQuery(meQuery);
  return (permission) => data?.permissions.includes(permission) ?? false;
}
