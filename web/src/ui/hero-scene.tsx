const STARS = "M120 40l3 8l8 3l-8 3l-3 8l-3-8l-8-3l8-3zM300 26l2 6l6 2l-6 2l-2 6l-2-6l-6-2l6-2zM420 66l2 6l6 2l-6 2l-2 6l-2-6l-6-2l6-2zM700 36l3 8l8 3l-8 3l-3 8l-3-8l-8-3l8-3zM820 70l2 6l6 2l-6 2l-2 6l-2-6l-6-2l6-2zM40 90l2 6l6 2l-6 2l-2 6l-2-6l-6-2l6-2z";
const LANTERNS: [number, number, number][] = [
  [300, 236, 6],
  [392, 226, 5],
  [468, 209, 4.2],
  [545, 203, 3.4],
];

/** Hills in the evening, with a trail of lanterns; by night in the dark theme. */
export function HeroScene({ className = "" }: { className?: string }) {
  return (
    <svg className={`scene-art ${className}`} viewBox="0 0 900 260" preserveAspectRatio="xMidYMax slice" aria-hidden>
      <rect width="900" height="260" className="sky" />
      <ellipse cx="560" cy="190" rx="520" ry="120" className="glow" />
      <circle cx="476" cy="112" r="44" className="sun" />
      <path className="stars" d={STARS} />
      <path className="hill-3" d="M0 186Q140 120 300 168T600 150T900 172V260H0z" />
      <path className="hill-2" d="M0 214Q200 150 420 204T900 190V260H0z" />
      <path className="hill-1" d="M0 236Q240 196 470 230T900 222V260H0z" />
      <path className="trail-line" d="M210 260Q290 226 380 232T470 210T560 204" />
      <g className="lanterns">
        {LANTERNS.map(([x, y, r]) => (
          <circle key={x} cx={x} cy={y} r={r} />
        ))}
      </g>
    </svg>
  );
}
