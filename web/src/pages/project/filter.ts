/** The filters of the item list as they stand in the address, so that a link shows the same list again. */
import type { ItemFilter } from "@/api/items";
import type { Phase } from "@/api/types";
import { ALL_PHASES } from "@/parts/bits";

export type ItemSearch = ItemFilter & { phase?: Phase };

const text = (value: unknown): string | undefined =>
  (typeof value === "string" || typeof value === "number") && String(value).trim() !== ""
    ? String(value)
    : undefined;

const number = (value: unknown): number | undefined => {
  const parsed = typeof value === "number" ? value : Number.parseFloat(String(value ?? "").replace(",", "."));
  return Number.isFinite(parsed) && parsed >= 0 ? parsed : undefined;
};

/** Whatever stands in the address becomes a valid filter; what does not fit is dropped. */
export function readFilter(search: Record<string, unknown>): ItemSearch {
  const phase = ALL_PHASES.find((one) => one === search.phase);
  const held = search.held === true || search.held === "true" ? true : undefined;
  const filter: ItemSearch = {
    phase,
    modality: text(search.modality),
    lot: text(search.lot),
    ctdi_min: number(search.ctdi_min),
    ctdi_max: number(search.ctdi_max),
    thickness_max: number(search.thickness_max),
    held,
    q: text(search.q),
    sort: search.sort === "newest" ? "newest" : undefined,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as ItemSearch;
}
