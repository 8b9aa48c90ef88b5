// The colours of the two curves: the first function is blue, the one beside it orange, in both themes.
export const looks = ["light-dark(#1f5fa3, #7db8ea)", "light-dark(#ad5310, #f29a58)"] as const;
