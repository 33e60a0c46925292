import type { Preset, Window } from "./lut";

/** Hounsfield units are the same everywhere, so these windows are too. */
const CT_PRESETS: Preset[] = [
  { name: "Soft tissue", center: 40, width: 400 },
  { name: "Lung", center: -600, width: 1500 },
  { name: "Liver", center: 90, width: 150 },
  { name: "Bone", center: 480, width: 2500 },
  { name: "Brain", center: 40, width: 80 },
];

/** Shares of the brightest value that a PET or nuclear image is shown up to; its darkest value is nothing taken up. */
const UPTAKE_SHARES = [1, 0.75, 0.5, 0.25, 0.1] as const;

/**
 * Presets 1-5 of a modality. Only CT has a unit that is the same everywhere; the others get windows relative to what
 * the series holds (`range`, in rescaled units).
 */
export function presetsFor(modality: string | undefined, range: Window): Preset[] {
  if (modality === "CT") return CT_PRESETS;
  const { center, width } = range;
  if (modality === "PT" || modality === "NM") {
    const high = Math.max(center + width / 2, Number.MIN_VALUE);
    return UPTAKE_SHARES.map((part) => ({
      name: `0 to ${Math.round(part * 100)} %`,
      center: (high * part) / 2,
      width: high * part,
    }));
  }
  return [
    { name: "Full range", center, width },
    { name: "Bright", center: center - width / 4, width: width / 2 },
    { name: "Dark", center: center + width / 4, width: width / 2 },
    { name: "High contrast", center, width: width / 3 },
    { name: "Low contrast", center, width: width * 2 },
  ];
}
