// Writes cpio archives in the "newc" form, which the kernel unpacks as its first root file system
// (Documentation/driver-api/early-userspace/buffer-format).
import { Buffer } from 'node:buffer';

const typeFile = 0o100000;
const typeDirectory = 0o040000;
const typeSymlink = 0o120000;

export class Cpio {
  readonly #parts: Buffer[] = [];
  readonly #directories = new Set<string>();
  #inode = 0;

  file(path: string, content: Buffer | string, mode = 0o644): void {
    this.#parents(path);
    this.#entry(path, typeFile | mode, Buffer.from(content));
  }

  directory(path: string, mode = 0o755): void {
    if (this.#directories.has(path)) return;
    this.#parents(path);
    this.#directories.add(path);
    this.#entry(path, typeDirectory | mode, Buffer.alloc(0));
  }

  symlink(path: string, target: string): void {
    this.#parents(path);
    this.#directories.add(path); // what goes below it goes through it: a directory of that name would replace it
    this.#entry(path, typeSymlink | 0o777, Buffer.from(target));
  }

  finish(): Buffer {
    this.#entry('TRAILER!!!', 0, Buffer.alloc(0));
    return Buffer.concat(this.#parts);
  }

  #parents(path: string): void {
    const slash = path.lastIndexOf('/');
    if (slash > 0) this.directory(path.slice(0, slash));
  }

  #entry(name: string, mode: number, content: Buffer): void {
    this.#inode += 1;
    // magic, inode, mode, uid, gid, links, mtime, size, four device numbers, length of the name, checksum
    const fields = [this.#inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
    this.#parts.push(padded(Buffer.from(header)), padded(content));
  }
}

// Name and content end at multiples of four bytes.
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
