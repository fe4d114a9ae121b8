/** The secret of the one-time link that led here. It is in the fragment, which no browser sends, so no server log has it. */
export const linkSecret = (): string => decodeURIComponent(location.hash.replace(/^#/, ""));
