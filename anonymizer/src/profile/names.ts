/** The profiles that are built in. */
export const BUILT_IN_NAMES = ['basic', 'research-longitudinal', 'open-release'] as const
export const DEFAULT_PROFILE: (typeof BUILT_IN_NAMES)[number] = 'research-longitudinal'
