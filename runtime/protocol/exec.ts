// Further processes in running containers. A session is made, started once, and can be asked about afterwards.
import {
  call,
  containerRef,
  flag,
  integer,
  optionalInteger,
  optionalText,
  optionalTexts,
  params,
  stream,
  text,
  texts,
} from './method.ts';

export interface ExecInspect {
  ID: string;
  Running: boolean;
  /** null until it has ended. */
  ExitCode: number | null;
  ProcessConfig: { tty: boolean; entrypoint: string; arguments: string[]; privileged: boolean; user: string };
  OpenStdin: boolean;
  OpenStdout: boolean;
  OpenStderr: boolean;
  CanRemove: boolean;
  ContainerID: string;
  DetachKeys: string;
  Pid: number;
}

const startErrors = ['NotFound', 'Conflict', 'CommandNotFound', 'CommandNotExecutable', 'RuntimeFailed'] as const;

export const execMethods = {
  'exec.create': call<{ Id: string }>()({
    summary: 'Prepares a session in a running container.',
    params: params({
      Container: containerRef(),
      Cmd: texts(),
      Env: optionalTexts(),
      User: optionalText(),
      WorkingDir: optionalText(),
      Tty: flag(),
      Privileged: flag(),
      AttachStdin: flag(),
      AttachStdout: flag(),
      AttachStderr: flag(),
      DetachKeys: optionalText(),
    }),
    errors: ['NotFound', 'Conflict'],
  }),
  'exec.start': stream<{ ExitCode: number | null }>()({
    summary:
      'Runs the session with its streams: raw bytes with a terminal, frames otherwise. The outcome has the exit code, null for a client that leaves before the end.',
    params: params({ Exec: text(), Height: optionalInteger(), Width: optionalInteger() }),
    errors: startErrors,
  }),
  'exec.attach': stream<{ ExitCode: number | null }>()({
    summary:
      'Joins the streams of a session that runs, as after the client that started it went: output from then on. The outcome has the exit code, null for a client that leaves before the end.',
    params: params({ Exec: text() }),
    errors: ['NotFound', 'Conflict'],
  }),
  'exec.startDetached': call<null>()({
    summary: 'Runs the session without streams.',
    params: params({ Exec: text() }),
    errors: startErrors,
  }),
  'exec.resize': call<null>()({
    summary: "Sets the size of the session's terminal, in characters.",
    params: params({ Exec: text(), Height: integer(), Width: integer() }),
    errors: ['NotFound', 'Conflict'],
  }),
  'exec.kill': call<null>()({
    summary: "Sends a signal (default SIGKILL) to the session's process.",
    params: params({ Exec: text(), Signal: optionalText() }),
    errors: ['NotFound', 'Conflict', 'InvalidArgument'],
  }),
  'exec.inspect': call<ExecInspect>()({
    summary:
      'What became of a session. Ended sessions are remembered for five minutes and while their container exists.',
    params: params({ Exec: text() }),
    errors: ['NotFound'],
  }),
} as const;
