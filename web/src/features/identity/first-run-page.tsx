import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { wordsOf } from "@/lib/client";
import type { Look, Me } from "@/lib/types";
import { Button, Pet } from "@/ui";
import { LookEditor, STARTER } from "./look-editor";
import { changeMe, meKey } from "./queries";

const TAPS = 3;
const CRACKS = ["Tap the egg. Something moves.", "A crack! Tap again.", "Once more, gently."];

type Step = "look" | "egg" | "quest";

interface Props {
  me: Me;
  /** The first quest, by the feature that knows quests. */
  quest: ReactNode;
  onHatched: () => void;
  onDone: () => void;
}

/** First run: a look, Ember's egg, the first quest. */
export function FirstRunPage({ me, quest, onHatched, onDone }: Props) {
  const queries = useQueryClient();
  const [step, setStep] = useState<Step>(me.look ? "egg" : "look");
  const [look, setLook] = useState<Look>(me.look ?? STARTER);
  const [taps, setTaps] = useState(0);
  const heading = useRef<HTMLHeadingElement>(null);
  const save = useMutation({
    mutationFn: () => changeMe(me.version, { look }),
    onSuccess: (changed) => {
      queries.setQueryData(meKey, changed);
      setStep("egg");
    },
  });
  useEffect(() => heading.current?.focus(), [step]);
  const tap = () => {
    setTaps(taps + 1);
    if (taps + 1 === TAPS) onHatched();
  };
  const hatched = taps >= TAPS;
  return (
    <div className="first-run sticker">
      <ol className="mb-4 flex flex-wrap gap-2 text-sm font-bold" aria-label="Steps">
        {(["look", "egg", "quest"] as const).map((name, n) => (
          <li key={name} aria-current={step === name ? "step" : undefined} className={step === name ? "step step-now" : "step"}>
            {n + 1}. {{ look: "Your look", egg: "Ember", quest: "First quest" }[name]}
          </li>
        ))}
      </ol>
      {step === "look" && (
        <>
          <h1 ref={heading} tabIndex={-1} className="font-display text-3xl">
            Who are you, {me.display_name}?
          </h1>
          <p className="mb-5 text-ink-2">Choose what you like. It can be changed at any time.</p>
          <LookEditor look={look} onChange={setLook} pet={false} />
          {save.error && <p role="alert" className="text-bad">{wordsOf(save.error)}</p>}
          <div className="look-done">
            <Button busy={save.isPending} onClick={() => save.mutate()}>
              That's me
            </Button>
          </div>
        </>
      )}
      {step === "egg" && (
        <div className="grid justify-items-center gap-4 py-4 text-center">
          <h1 ref={heading} tabIndex={-1} className="font-display text-3xl">
            {hatched ? "Hello, Ember!" : "An egg by the fire"}
          </h1>
          {hatched ? (
            <Pet stage="shell" mood="happy" hue={look.ember_hue} size={240} hop={taps} label="Ember, just hatched" />
          ) : (
            <button type="button" className="egg" data-cracks={taps} onClick={tap} aria-label="Tap the egg">
              <Pet stage="egg" hue={look.ember_hue} size={240} cracks={taps} label="" />
            </button>
          )}
          <p role="status" className="max-w-md text-lg">
            {hatched ? "Ember goes with you from now on and knows where the trails begin." : CRACKS[taps]}
          </p>
          {hatched && <Button onClick={() => setStep("quest")}>Let's go</Button>}
        </div>
      )}
      {step === "quest" && (
        <div className="grid gap-4">
          <h1 ref={heading} tabIndex={-1} className="font-display text-3xl">
            Your first quest
          </h1>
          {quest}
          <div className="justify-self-center">
            <Pet stage="shell" mood="happy" hue={look.ember_hue} size={190} />
          </div>
          <Button variant="plain" className="justify-self-start" onClick={onDone}>
            To the camp
          </Button>
        </div>
      )}
    </div>
  );
}
