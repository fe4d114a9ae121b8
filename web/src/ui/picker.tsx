import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import { emblemNames, emojiNames, iconsVersion, onIcons } from "@/art";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { BadgeArt, Icon } from "./drawing";
import { Input } from "./field";
import { loadMore } from "./more-icons";

interface Props {
  value: string;
  onChange: (name: string) => void;
  label: string;
}

interface PickerProps extends Props {
  names: () => string[];
  draw: (name: string) => ReactNode;
}

const spoken = (name: string): string => name.replaceAll("-", " ");

function Picker({ value, onChange, label, names, draw }: PickerProps) {
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState("");
  useSyncExternalStore(onIcons, iconsVersion);
  useEffect(() => {
    if (open) loadMore();
  }, [open]);
  const found = open ? names().filter((name) => spoken(name).includes(search.toLowerCase().trim())) : [];
  return (
    <>
      <Button type="button" variant="plain" size="small" onClick={() => setOpen(true)}>
        {label}
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} title={label}>
        <Input type="search" aria-label="Search pictures" placeholder="Search" value={search} onChange={(event) => setSearch(event.target.value)} />
        <ul className="picker" aria-label={label}>
          {found.map((name) => (
            <li key={name}>
              <button
                type="button"
                aria-pressed={name === value}
                aria-label={spoken(name)}
                onClick={() => {
                  onChange(name);
                  setOpen(false);
                }}
              >
                {draw(name)}
              </button>
            </li>
          ))}
        </ul>
      </Dialog>
    </>
  );
}

export const IconPicker = (props: Props) => <Picker {...props} names={emojiNames} draw={(name) => <Icon name={name} size={34} />} />;
export const EmblemPicker = (props: Props) => <Picker {...props} names={emblemNames} draw={(name) => <BadgeArt icon={name} rarity="common" size={46} />} />;
