// The path of the API that a request is for, without its names: differences are listed by it.
const rules: readonly (readonly [RegExp, string])[] = [
  [/^\/(containers|volumes|networks)\/(?!(json|create|prune)$)[^/]+/, '/$1/{name}'],
  [/^\/exec\/[^/]+/, '/exec/{name}'],
  [/^\/images\/(?!(json|create|load|get|search|prune)$).+?(\/(json|history|get|tag|push))?$/, '/images/{name}$2'],
  [/^\/plugins\/(?!(privileges|pull|create)$)[^/]+/, '/plugins/{name}'],
  [/^\/(services|tasks|nodes|secrets|configs)\/(?!create$)[^/]+/, '/$1/{name}'],
];

export function routeOf(method: string, path: string): string {
  return `${method} ${rules.reduce((text, [pattern, open]) => text.replace(pattern, open), path)}`;
}
