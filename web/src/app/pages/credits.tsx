import type { ReactNode } from "react";
import { EMBLEM_AUTHORS } from "@/art";
import { BadgeArt, Card, Icon, Pet } from "@/ui";

const SMALL = ["scroll", "coin", "gem-stone", "fire"];

/** A picture of what is meant, beside whose it is. */
function Credit({ title, picture, children }: { title: string; picture: ReactNode; children: ReactNode }) {
  return (
    <Card>
      <div className="flex gap-5 max-sm:flex-col sm:items-center">
        <div className="grid shrink-0 place-items-center sm:w-36" aria-hidden>
          {picture}
        </div>
        <div className="min-w-0 flex-1">
          <h2 className="mb-2 font-display text-2xl leading-tight">{title}</h2>
          {children}
        </div>
      </div>
    </Card>
  );
}

export function Credits() {
  return (
    <>
      <h1 className="page-title">Credits</h1>
      <div className="grid gap-5">
        <Credit title="Drawn here" picture={<Pet stage="grown" mood="happy" size={132} />}>
          <p>Ember, the avatars, the frames of the badges and the landscapes are drawn by Questhall's own code.</p>
        </Credit>
        <Credit
          title="Small items"
          picture={
            <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-4">
              {SMALL.map((name) => (
                <Icon key={name} name={name} size={44} />
              ))}
            </div>
          }
        >
          <p>
            Fluent Emoji by Microsoft, under the <a className="link" href="https://github.com/microsoft/fluentui-emoji/blob/main/LICENSE">MIT licence</a>.
          </p>
        </Credit>
        <Credit title="Emblems of badges" picture={<BadgeArt icon="dragon-head" rarity="legendary" size={124} />}>
          <p className="mb-3">
            From <a className="link" href="https://game-icons.net">game-icons.net</a>, under <a className="link" href="https://creativecommons.org/licenses/by/3.0/">CC BY 3.0</a>; recoloured.
          </p>
          <p>By {EMBLEM_AUTHORS.join(", ")}.</p>
        </Credit>
        <Credit title="Letters" picture={<p className="font-display text-6xl">Aa</p>}>
          <p>Bricolage Grotesque and Figtree, under the SIL Open Font Licence 1.1. Interface icons by Lucide, ISC.</p>
        </Credit>
      </div>
    </>
  );
}
