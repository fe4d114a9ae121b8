import { describe, expect, it } from "vitest";
import { isOver, nextLook, shareOf } from "./jobs";
import type { Job } from "./types";

const born = "2026-03-02T09:00:00Z";
const at = (seconds: number): number => Date.parse(born) + seconds * 1000;
const job = (changed: Partial<Job>): Job => ({ id: "j", kind: "export", status: "running", owner: null, permission: null, done: 0, total: null, result: null, problem: null, created_at: born, finished_at: null, ...changed });

describe("a job", () => {
  it("is looked at often at first, seldom later, and never again when it is over", () => {
    expect(nextLook(undefined, at(0))).toBe(700);
    expect(nextLook(job({}), at(1))).toBe(700);
    expect(nextLook(job({}), at(20))).toBe(2000);
    expect(nextLook(job({}), at(3600))).toBe(5000);
    expect(nextLook(job({ status: "failed" }), at(1))).toBe(false);
    expect(nextLook(job({ status: "done" }), at(1))).toBe(false);
  });

  it("says how far it is, or that nobody knows", () => {
    expect(shareOf(job({ done: 5 }))).toBeNull();
    expect(shareOf(job({ done: 5, total: 20 }))).toBe(0.25);
    expect(shareOf(job({ done: 25, total: 20 }))).toBe(1);
    expect(shareOf(job({ done: 0, total: 0, status: "done" }))).toBe(1);
    expect(isOver(job({ status: "queued" }))).toBe(false);
  });
});
