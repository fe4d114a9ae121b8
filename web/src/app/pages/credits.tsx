import { EMBLEM_AUTHORS } from "@/art";
import { Card } from "@/ui";

export function Credits() {
  return (
    <>
      <h1 className="page-title">Credits</h1>
      <div className="grid gap-5">
        <Card title="Drawn here">
          <p>Ember, the avatars, the frames of the badges and the landscapes are drawn by Questhall's own code.</p>
        </Card>
        <Card title="Small items">
          <p>
            Fluent Emoji by Microsoft, under the <a className="link" href="https://github.com/microsoft/fluentui-emoji/blob/main/LICENSE">MIT licence</a>.
          </p>
        </Card>
        <Card title="Emblems of badges">
          <p className="mb-3">
            From <a className="link" href="https://game-icons.net">game-icons.net</a>, under <a className="link" href="https://creativecommons.org/licenses/by/3.0/">CC BY 3.0</a>; recoloured.
          </p>
          <p>By {EMBLEM_AUTHORS.join(", ")}.</p>
        </Card>
        <Card title="Letters">
          <p>Bricolage Grotesque and Figtree, under the SIL Open Font Licence 1.1. Interface icons by Lucide, ISC.</p>
        </Card>
      </div>
    </>
  );
}
