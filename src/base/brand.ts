declare const brand: unique symbol

/** A nominal type: `T` that only its validating constructor makes, so that two kinds of string cannot be mixed up. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
