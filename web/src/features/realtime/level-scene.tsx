import { useEffect, useRef } from "react";
import { Pet } from "@/ui";
import { endScene, useCelebrations } from "./celebrate";

/** A level is a full scene that any key skips. */
export function LevelScene({ hue }: { hue?: number }) {
  const scene = useCelebrations((state) => state.scene);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (!scene) return;
    const element = dialog.current;
    element?.showModal();
    void import("./confetti").then(({ burst }) => burst(true, element ?? undefined));
    const skip = (event: Event) => {
      event.preventDefault();
      endScene();
    };
    // A moment's grace, so that the key that earned it does not skip it.
    const timer = setTimeout(() => {
      window.addEventListener("keydown", skip);
      window.addEventListener("pointerdown", skip);
    }, 350);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("keydown", skip);
      window.removeEventListener("pointerdown", skip);
      element?.close();
    };
  }, [scene]);
  if (!scene) return null;
  return (
    <dialog ref={dialog} className="scene" aria-labelledby="scene-title" aria-describedby="scene-how" onCancel={endScene} data-scene="level">
      <div className="scene-light" aria-hidden />
      <p className="font-display text-xl text-[#ffcb47]">Level up!</p>
      <p id="scene-title" className="scene-number font-display">
        Level {scene.level}
      </p>
      <Pet stage="grown" mood="happy" hue={hue} size={230} hop={scene.level} />
      <p className="max-w-md text-lg">Ember is proud of you. New trails may have opened on the quest board.</p>
      <button type="button" className="scene-button" onClick={endScene}>
        Onwards
      </button>
      <p id="scene-how" className="text-sm opacity-80">
        Any key goes on
      </p>
    </dialog>
  );
}
