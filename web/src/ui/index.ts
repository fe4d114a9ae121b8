export { Avatar, BadgeArt, Icon, Pet } from "./drawing";
export { Bar } from "./bar";
export { Button, buttonClass } from "./button";
export { Card, Empty, Pill } from "./card";
export { Dialog } from "./dialog";
export { Field, Input, Select, Switch, Textarea } from "./field";
export { HeroScene } from "./hero-scene";
export { EmblemPicker, IconPicker } from "./picker";
