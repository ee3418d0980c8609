/** As the API has them (app/services/passwords.py). */
export const LEAST_CHARACTERS = 10;
export const MOST_CHARACTERS = 1000;

export function isPassword(value: string): boolean {
  return value.length >= LEAST_CHARACTERS && value.length <= MOST_CHARACTERS;
}

export function isAddress(value: string): boolean {
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value) && value.length <= 254;
}
