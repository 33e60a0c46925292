/** The start page: what waits for this person. */
import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import type { HomeCard } from "./types";

export const homeQuery = queryOptions({
  queryKey: ["home"],
  queryFn: async ({ signal }) => (await api.get<{ cards: HomeCard[] }>("/home", undefined, signal)).cards,
});
