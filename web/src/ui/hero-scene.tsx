export type TimeOfDay = "morning" | "afternoon" | "evening" | "night";

const STARS = "M120 40l3 8l8 3l-8 3l-3 8l-3-8l-8-3l8-3zM256 22l2 6l6 2l-6 2l-2 6l-2-6l-6-2l6-2zM420 66l2 6l6 2l-6 2l-2 6l-2-6l-6-2l6-2zM700 36l3 8l8 3l-8 3l-3 8l-3-8l-8-3l8-3zM820 70l2 6l6 2l-6 2l-2 6l-2-6l-6-2l6-2zM40 90l2 6l6 2l-6 2l-2 6l-2-6l-6-2l6-2zM228 62l1.6 4l4 1.6l-4 1.6l-1.6 4l-1.6-4l-4-1.6l4-1.6z";
const CLOUDS = "M18 78a22 22 0 0 1 42-10a19 19 0 0 1 32 12zM176 42a17 17 0 0 1 32-8a15 15 0 0 1 26 10zM640 42a22 22 0 0 1 42-10a19 19 0 0 1 32 12z";
const TREES = "M16 214l16-44l16 44zM40 222l12-34l12 34zM846 196l15-42l15 42zM872 204l13-36l13 36zM398 202l8-24l8 24z";
const LANTERNS: [number, number, number][] = [
  [300, 236, 6],
  [392, 226, 5],
  [468, 209, 4.2],
  [545, 203, 3.4],
];
const SUN: Record<TimeOfDay, [number, number]> = { morning: [312, 116], afternoon: [308, 56], evening: [314, 104], night: [308, 58] };

/** Hills at an hour of the day, with a trail of lanterns. `sun` is where the sun stands, for a picture that shows the middle alone. */
export function HeroScene({ time = "evening", sun, className = "" }: { time?: TimeOfDay; sun?: number; className?: string }) {
  const [left, y] = SUN[time];
  const x = sun ?? left;
  return (
    <svg className={`scene-art ${className}`} data-time={time} viewBox="0 0 900 260" preserveAspectRatio="xMidYMax slice" aria-hidden>
      <rect width="900" height="260" className="sky" />
      <ellipse cx="560" cy="190" rx="520" ry="120" className="glow" />
      <g className="orb">
        <circle cx={x} cy={y} r="58" className="halo" />
        <circle cx={x} cy={y} r="38" className="sun" />
        {time === "night" && <circle cx={x + 16} cy={y - 10} r="33" className="moon" />}
      </g>
      <path className="stars" d={STARS} />
      <path className="cloud" d={CLOUDS} />
      <path className="hill-3" d="M0 186Q140 120 300 168T600 150T900 172V260H0z" />
      <path className="trees" d={TREES} />
      <path className="hill-2" d="M0 214Q200 150 420 204T900 190V260H0z" />
      <path className="hill-1" d="M0 236Q240 196 470 230T900 222V260H0z" />
      <path className="trail-line" d="M210 260Q290 226 380 232T470 210T560 204" />
      <g className="lanterns">
        {LANTERNS.map(([at, high, r]) => (
          <g key={at}>
            <circle cx={at} cy={high} r={r * 2.4} data-glow />
            <circle cx={at} cy={high} r={r} />
          </g>
        ))}
      </g>
    </svg>
  );
}
