// Registries: credentials and what they hold. Credentials live in Docker's config.json and its helpers.
import { Type } from 'typebox';
import { AuthSchema, type OciPlatform } from './image.ts';
import { call, optionalText, params, text } from './method.ts';

export const registryMethods = {
  'registry.login': call<{ Status: string; IdentityToken: string; Warning?: string }>()({
    summary:
      'Checks credentials with the registry and keeps them in config.json or its helper (Store: false only checks).',
    params: params({
      Server: optionalText(),
      Username: text(),
      Password: text(),
      Store: Type.Optional(Type.Boolean()),
    }),
    errors: ['Unauthorized', 'Unavailable'],
  }),
  'registry.logout': call<{ Removed: boolean }>()({
    summary: 'Forgets credentials.',
    params: params({ Server: optionalText() }),
  }),
  'registry.list': call<{ Server: string; Username: string; Secure: boolean }[]>()({
    summary: 'Registries with known credentials, and the configured ones. Secrets are not told.',
    params: params({}),
  }),
  'registry.repositories': call<string[]>()({
    summary: 'Names in a registry that answers /v2/_catalog.',
    params: params({ Server: text(), Auth: Type.Optional(AuthSchema) }),
    errors: ['Unavailable', 'Unauthorized', 'Unsupported'],
  }),
  'registry.tags': call<string[]>()({
    summary: 'Tags of a repository.',
    params: params({ Repository: text(), Auth: Type.Optional(AuthSchema) }),
    errors: ['NotFound', 'Unavailable', 'Unauthorized'],
  }),
  'registry.deleteTag': call<{ Digest: string }>()({
    summary: 'Deletes the manifest that a tag names, and so every tag of it.',
    params: params({ Reference: text(), Auth: Type.Optional(AuthSchema) }),
    errors: ['NotFound', 'Unavailable', 'Unauthorized', 'Unsupported'],
  }),
  'registry.inspect': call<{
    Descriptor: { mediaType: string; digest: string; size: number };
    Platforms: OciPlatform[];
    /** When the tag was last pushed, where the registry tells. */
    LastPushed?: string;
  }>()({
    summary: 'What a reference is in its registry, without pulling it.',
    params: params({ Reference: text(), Auth: Type.Optional(AuthSchema) }),
    errors: ['NotFound', 'Unavailable', 'Unauthorized'],
  }),
} as const;
