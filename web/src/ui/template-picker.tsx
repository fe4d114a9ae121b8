import { type ReactNode, useState } from "react";
import { Button } from "./button";
import { Dialog } from "./dialog";

interface Template {
  slug: string;
  title: string;
  text: string;
  picture: ReactNode;
}

interface Props {
  /** What there is to start from; undefined while it is on its way. */
  templates?: Template[];
  problem?: string;
  /** It is wanted: the time to ask for the templates. */
  onOpen: () => void;
  onChoose: (slug: string) => void;
}

function Choice({ template, onChoose }: { template: Template; onChoose: () => void }) {
  return (
    <li>
      <button type="button" className="template" onClick={onChoose}>
        {template.picture}
        <span className="min-w-0">
          <span className="block font-bold wrap-anywhere">{template.title}</span>
          <span className="block text-sm text-ink-2 wrap-anywhere">{template.text}</span>
        </span>
      </button>
    </li>
  );
}

/** A form begins with something that works, instead of empty. */
export function TemplatePicker({ templates, problem, onOpen, onChoose }: Props) {
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState("");
  const show = () => {
    onOpen();
    setOpen(true);
  };
  const choose = ({ slug, title }: Template) => {
    setOpen(false);
    setChosen(title);
    // After the dialog has given the focus back to its button.
    requestAnimationFrame(() => onChoose(slug));
  };
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <Button variant="plain" size="small" onClick={show}>
        Start from a template
      </Button>
      <p role="status" className="text-ink-2">
        {chosen && `The form is filled in from “${chosen}”. Give it a name of its own.`}
      </p>
      <Dialog open={open} onClose={() => setOpen(false)} title="Start from a template">
        <p className="mb-3 text-ink-2">It fills in the form, in place of what is typed there.</p>
        {problem ? <p role="alert" className="text-bad">{problem}</p> : !templates && <div className="skeleton h-40" aria-busy />}
        <ul className="grid gap-2" aria-label="Templates">
          {templates?.map((template) => <Choice key={template.slug} template={template} onChoose={() => choose(template)} />)}
        </ul>
      </Dialog>
    </div>
  );
}
