// `--security-opt seccomp=…`: a profile from a client, in Docker's form (with conditions on capabilities and architectures)
// or already in the OCI specification's.
import { EngineError } from '../../protocol/errors.ts';
import type { OciSeccomp } from './oci.ts';

interface Conditions {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  readonly minKernel?: string;
}

type DockerSyscall = NonNullable<OciSeccomp['syscalls']>[number] & {
  readonly name?: string;
  readonly includes?: Conditions;
  readonly excludes?: Conditions;
};

interface DockerProfile {
  readonly defaultAction?: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly archMap?: readonly { readonly architecture: string; readonly subArchitectures?: readonly string[] }[];
  readonly flags?: readonly string[];
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly syscalls?: readonly DockerSyscall[];
}

export interface SeccompTarget {
  readonly capabilities: ReadonlySet<string>;
  /** Docker's architecture name: amd64, arm64. */
  readonly architecture: string;
  /** `6.1`. */
  readonly kernel: string;
}

const nativeArchitecture: Readonly<Record<string, string>> = { amd64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' };

function kernelAtLeast(have: string, wanted: string): boolean {
  const [major = 0, minor = 0] = have.split('.').map((part) => Number.parseInt(part, 10));
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map((part) => Number.parseInt(part, 10));
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function applies({ includes, excludes }: DockerSyscall, target: SeccompTarget): boolean {
  const { capabilities, architecture, kernel } = target;
  if (includes?.arches !== undefined && includes.arches.length > 0 && !includes.arches.includes(architecture))
    return false;
  if (includes?.caps?.some((name) => !capabilities.has(name))) return false;
  if (includes?.minKernel !== undefined && !kernelAtLeast(kernel, includes.minKernel)) return false;
  if (excludes?.arches?.includes(architecture)) return false;
  if (excludes?.caps?.some((name) => capabilities.has(name))) return false;
  return !(excludes?.minKernel !== undefined && kernelAtLeast(kernel, excludes.minKernel));
}

function architecturesOf(profile: DockerProfile, target: SeccompTarget): string[] | undefined {
  if (profile.archMap === undefined)
    return profile.architectures === undefined ? undefined : [...profile.architectures];
  const native = nativeArchitecture[target.architecture];
  const entry = profile.archMap.find(({ architecture }) => architecture === native);
  return entry === undefined ? undefined : [entry.architecture, ...(entry.subArchitectures ?? [])];
}

/** Throws `InvalidArgument` for what is not a profile; the runtime checks names and actions. */
export function readSeccompProfile(text: string, target: SeccompTarget): OciSeccomp {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new EngineError('InvalidArgument', `Decoding seccomp profile failed: ${String(error)}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new EngineError('InvalidArgument', 'Decoding seccomp profile failed: not an object');
  // Field by field it is read as Docker's; wrong types end in the runtime's own complaint with the field's path.
  const profile = parsed as DockerProfile;
  if (typeof profile.defaultAction !== 'string')
    throw new EngineError('InvalidArgument', 'Decoding seccomp profile failed: defaultAction is missing');
  const architectures = architecturesOf(profile, target);
  const syscalls = (profile.syscalls ?? []).filter((entry) => applies(entry, target)).map(toOci);
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures === undefined ? {} : { architectures }),
    ...(profile.flags === undefined ? {} : { flags: [...profile.flags] }),
    ...(profile.listenerPath === undefined ? {} : { listenerPath: profile.listenerPath }),
    ...(profile.listenerMetadata === undefined ? {} : { listenerMetadata: profile.listenerMetadata }),
    syscalls,
  };
}

function toOci({ name, names, action, errnoRet, args }: DockerSyscall): NonNullable<OciSeccomp['syscalls']>[number] {
  return {
    names: name === undefined ? (names ?? []) : [name],
    action,
    ...(errnoRet === undefined ? {} : { errnoRet }),
    ...(args === undefined || args === null || args.length === 0 ? {} : { args }),
  };
}
