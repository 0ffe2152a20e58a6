// An emulator of AWS that somebody else started; its address is in REMASTER_TEST_AWS_ENDPOINT.

const SETTINGS = {
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
} as const;

/** Settings for an AWS client, or null when there is no emulator. */
export function emulatorSettings(): (typeof SETTINGS & { readonly endpoint: string }) | null {
  const endpoint = process.env.REMASTER_TEST_AWS_ENDPOINT;
  return endpoint === undefined || endpoint === "" ? null : { ...SETTINGS, endpoint };
}

export const NO_EMULATOR = "set REMASTER_TEST_AWS_ENDPOINT to the address of an AWS emulator to run this";
