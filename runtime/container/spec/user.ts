// Who a container's process is: `user`, `uid`, `user:group`, `uid:gid`, looked up in the container's own /etc/passwd and
// /etc/group. Both files are data of the image: read inside the root only, bounded, and never trusted to be well-formed.

import { readFileInRoot } from '../../native/filesystem.ts';
import { NativeError } from '../../native/native.ts';
import { EngineError } from '../../protocol/errors.ts';

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** For HOME, where the environment has none. */
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Ids are 32 bit; 4294967295 means "none" to the kernel and can't be taken. */
const maxId = 2 ** 31 - 1;

function id(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= maxId ? number : undefined;
}

function parsePasswd(text: string): PasswdEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid, gid, , home = ''] = line.split(':');
    const [user, group] = [id(uid), id(gid)];
    return user === undefined || group === undefined ? [] : [{ name, uid: user, gid: group, home }];
  });
}

function parseGroup(text: string): GroupEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , gid, members = ''] = line.split(':');
    const group = id(gid);
    return group === undefined ? [] : [{ name, gid: group, members: members.split(',').filter(Boolean) }];
  });
}

export interface UserFiles {
  readonly passwd: string;
  readonly group: string;
}

/** Throws `InvalidArgument` for names that the files don't have. */
export function resolveUser(spec: string, files: UserFiles, groupAdd: readonly string[] = []): ResolvedUser {
  const [userText = '', groupText] = spec.split(':', 2);
  const users = parsePasswd(files.passwd);
  const groups = parseGroup(files.group);
  const wanted = userText === '' ? '0' : userText;
  const user = users.find(({ name }) => name === wanted) ?? users.find(({ uid }) => String(uid) === wanted);
  const uid = user?.uid ?? id(wanted);
  if (uid === undefined)
    throw new EngineError('InvalidArgument', `unable to find user ${userText}: no matching entries in passwd file`);
  const findGroup = (text: string): number => {
    const gid = groups.find(({ name }) => name === text)?.gid ?? id(text);
    if (gid === undefined)
      throw new EngineError('InvalidArgument', `unable to find group ${text}: no matching entries in group file`);
    return gid;
  };
  const gid = groupText === undefined || groupText === '' ? (user?.gid ?? 0) : findGroup(groupText);
  // As in Docker, a group that is asked for replaces the groups that the files give.
  const implied =
    user === undefined || groupText
      ? []
      : groups.filter(({ members }) => members.includes(user.name)).map((group) => group.gid);
  const additionalGids = [...new Set([gid, ...implied, ...groupAdd.map(findGroup)])];
  return { uid, gid, additionalGids, home: user?.home || '/' };
}

async function readIdFile(root: string, path: string): Promise<string> {
  try {
    return (await readFileInRoot(root, path, 8 << 20)).toString('utf8');
  } catch (error) {
    // Missing, a directory, a device, or too large: as if there were no entries.
    if (error instanceof NativeError) return '';
    throw error;
  }
}

/** Both files of a root file system. */
export async function readUserFiles(root: string): Promise<UserFiles> {
  const [passwd, group] = await Promise.all([readIdFile(root, '/etc/passwd'), readIdFile(root, '/etc/group')]);
  return { passwd, group };
}
