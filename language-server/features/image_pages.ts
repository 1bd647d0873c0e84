// Web pages of images, by registry.

/** The page that describes the image of a reference; undefined for registries without pages and for scratch. */
export function imagePage(reference: string): string | undefined {
  if (reference === 'scratch' || reference === '' || /[$\s]/.test(reference)) return undefined;
  const name = reference.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  const [first = '', ...rest] = name.split('/');
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (!hasRegistry || first === 'docker.io' || first === 'index.docker.io') {
    const path = hasRegistry ? rest : [first, ...rest];
    if (path[0] === 'library') path.shift();
    return path.length === 1 ? `https://hub.docker.com/_/${path[0]}` : `https://hub.docker.com/r/${path.join('/')}`;
  }
  const path = rest.join('/');
  switch (first) {
    case 'quay.io':
      return `https://quay.io/repository/${path}`;
    case 'ghcr.io':
      return `https://github.com/${rest[0]}${rest.length > 1 ? `/${rest[1]}/pkgs/container/${encodeURIComponent(rest.slice(1).join('/'))}` : ''}`;
    case 'gcr.io':
      return `https://console.cloud.google.com/gcr/images/${path}`;
    case 'mcr.microsoft.com':
      return `https://mcr.microsoft.com/artifact/mar/${path}`;
    case 'public.ecr.aws':
      return `https://gallery.ecr.aws/${path}`;
    case 'registry.access.redhat.com':
    case 'registry.redhat.io':
      return `https://catalog.redhat.com/software/containers/search?q=${encodeURIComponent(path)}`;
    case 'cgr.dev':
      return `https://images.chainguard.dev/directory/image/${rest.at(-1)}/overview`;
    default:
      return undefined;
  }
}
