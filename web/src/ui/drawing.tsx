import { memo, useDeferredValue, useEffect, useId, useMemo, useRef, useSyncExternalStore } from "react";
import { avatar, badge, ember, emojiBody, iconsVersion, type Mood, onIcons, type Stage } from "@/art";
import { trustedHtml } from "@/lib/trusted";
import type { Look, Rarity } from "@/lib/types";

interface DrawingProps {
  body: string;
  box: string;
  width: number;
  height?: number;
  label?: string;
  className?: string;
}

/** A drawing of ours; without a label it is decoration. */
export const Drawing = memo(function Drawing({ body, box, width, height = width, label, className = "" }: DrawingProps) {
  const html = useMemo(() => ({ __html: trustedHtml(body) }), [body]);
  return <svg viewBox={box} width={width} height={height} className={`shrink-0 ${className}`} role={label ? "img" : undefined} aria-label={label || undefined} aria-hidden={label ? undefined : true} dangerouslySetInnerHTML={html} />;
});

/** An id that no other drawing on the page has. */
export const useArtId = (prefix: string): string => prefix + useId().replace(/\W/g, "");
const useIcons = (): number => useSyncExternalStore(onIcons, iconsVersion);

/** A small thing, as an emoji. */
export function Icon({ name, size = 24, label }: { name: string; size?: number; label?: string }) {
  useIcons();
  return <Drawing body={emojiBody(name)} box="0 0 32 32" width={size} label={label} />;
}

interface PetProps {
  stage?: Stage;
  mood?: Mood;
  hue?: number;
  size?: number;
  /** Each new number is a hop. */
  hop?: number;
  /** Of an egg: how far it is open, 0 to 2. */
  cracks?: number;
  label?: string;
}

const EMBER = 12;
const HOP = [0, -26, 0, -9, 0].map((up) => ({ transform: `translateY(${up}px)` }));

/** Ember, the guide. */
export function Pet({ stage = "grown", mood = "calm", hue = EMBER, size = 120, hop = 0, cracks = 0, label }: PetProps) {
  const id = useArtId("p");
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (hop > 0 && !matchMedia("(prefers-reduced-motion: reduce)").matches) place.current?.animate(HOP, { duration: 700, easing: "cubic-bezier(.3,.7,.4,1)" });
  }, [hop]);
  const body = useMemo(() => ember(id, hue, { stage, mood, cracks }), [id, hue, stage, mood, cracks]);
  return (
    <span ref={place} className="inline-block">
      <Drawing body={body} box="0 0 200 200" width={size} label={label} className="pet" />
    </span>
  );
}

const NOBODY: Look = { skin: 1, hair: "short", hair_hue: 28, outfit: "hoodie", outfit_hue: 190, headgear: null, hand: null, background: "meadow", ember_hue: EMBER };
const TALL = 1.2;

/** What of a person is shown: all, the face, or the clothes. */
const CROPS = { full: "0 0 200 240", face: "26 24 148 148", body: "49 139 102 102" } as const;

interface AvatarProps {
  look: Look | null;
  size?: number;
  crop?: keyof typeof CROPS;
  label?: string;
  /** One of many: its place is kept, and it is drawn once the page around it stands. */
  later?: boolean;
}

export function Avatar({ look, size = 120, crop = "full", label, later = false }: AvatarProps) {
  const id = useArtId("a");
  const due = useDeferredValue(true, !later);
  const body = useMemo(() => (due ? avatar(id, look ?? NOBODY) : ""), [id, look, due]);
  return <Drawing body={body} box={CROPS[crop]} width={size} height={crop === "full" ? size * TALL : size} label={label} className="avatar" />;
}

interface BadgeProps {
  icon: string;
  rarity: Rarity;
  locked?: boolean;
  /** Of a locked one: how far it is filled, 0 to 1. */
  fraction?: number;
  size?: number;
  label?: string;
}

export function BadgeArt({ icon, rarity, locked = false, fraction = 0, size = 100, label }: BadgeProps) {
  const id = useArtId("b");
  const version = useIcons();
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the emblem may have come with a new version of the set
  const body = useMemo(() => badge(id, icon, rarity, locked, fraction), [id, icon, rarity, locked, fraction, version]);
  return <Drawing body={body} box="0 0 200 200" width={size} label={label} className="badge-art" />;
}
