// Writes a small multi-stage Dockerfile and its .dockerignore for a project: dependencies first so that they stay cached,
// no root at run time, nothing of the build in the final stage. No vscode in here.
import type { Platform, Project } from './project.ts';

export interface Scaffold {
  dockerfile: string;
  dockerignore: string;
}

/** @returns the text of both files, each ending with a newline. */
export function scaffold(project: Project): Scaffold {
  const body = writers[project.platform](project);
  return {
    dockerfile: `# syntax=docker/dockerfile:1\n\n${body.trim()}\n`,
    dockerignore: `${[...common, ...ignored[project.platform]].join('\n')}\n`,
  };
}

const common = [
  '.git',
  '.gitignore',
  '.vscode',
  '.idea',
  '.env',
  '.env.*',
  'Dockerfile*',
  'Containerfile*',
  '.dockerignore',
  '*.md',
  '*.log',
];

const ignored: Record<Platform, readonly string[]> = {
  node: ['node_modules', 'dist', 'coverage'],
  python: ['__pycache__', '*.py[cod]', '.venv', 'venv', '.pytest_cache', '.mypy_cache'],
  go: ['bin', 'vendor', '*.test'],
  java: ['target', 'build', '.gradle'],
  dotnet: ['bin', 'obj'],
  rust: ['target'],
  cpp: ['build', '*.o', '*.a'],
  php: ['vendor'],
  ruby: ['.bundle', 'vendor/bundle', 'tmp', 'log'],
};

const writers: Record<Platform, (project: Project) => string> = {
  node,
  python,
  go,
  java,
  dotnet,
  rust,
  cpp,
  php,
  ruby,
};

function expose(project: Project): string {
  return project.port === undefined ? '' : `EXPOSE ${project.port}\n`;
}

function node(project: Project): string {
  const [manager, build] = project.tool.split('+');
  const tool = manager === 'pnpm' || manager === 'yarn' ? manager : 'npm';
  const install = {
    npm: {
      files: 'package*.json',
      all: 'npm ci',
      production: 'npm ci --omit=dev',
      cache: '/root/.npm',
      run: 'npm run',
    },
    pnpm: {
      files: 'package.json pnpm-lock.yaml',
      all: 'corepack enable && pnpm install --frozen-lockfile',
      production: 'corepack enable && pnpm install --frozen-lockfile --prod',
      cache: '/root/.local/share/pnpm/store',
      run: 'corepack pnpm run',
    },
    yarn: {
      files: 'package.json yarn.lock',
      all: 'yarn install --frozen-lockfile',
      production: 'yarn install --frozen-lockfile --production',
      cache: '/usr/local/share/.cache/yarn',
      run: 'yarn run',
    },
  };
  const { files, all, production, cache, run } = install[tool];
  const built =
    build === undefined
      ? ''
      : `
FROM base AS build
COPY ${files} ./
RUN --mount=type=cache,target=${cache} ${all}
COPY . .
RUN ${run} build
`;
  const start = project.entry === 'start' ? '["npm", "start"]' : JSON.stringify(['node', project.entry]);
  return `
FROM node:${project.version ?? '24'}-slim AS base
WORKDIR /app

FROM base AS dependencies
COPY ${files} ./
RUN --mount=type=cache,target=${cache} ${production}
${built}
FROM base
ENV NODE_ENV=production
COPY --from=dependencies /app/node_modules ./node_modules
${build === undefined ? 'COPY . .' : 'COPY --from=build /app ./'}
USER node
${expose(project)}CMD ${start}`;
}

function python(project: Project): string {
  const install: Record<string, string> = {
    pip: `COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt`,
    poetry: `COPY pyproject.toml poetry.lock ./
RUN --mount=type=cache,target=/root/.cache pip install poetry==2.1.3 \\
    && poetry config virtualenvs.create false \\
    && poetry install --only main --no-root`,
    uv: `COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache pip install uv==0.8.0 \\
    && uv sync --frozen --no-dev --no-install-project --active`,
    pyproject: `COPY . .
RUN --mount=type=cache,target=/root/.cache/pip pip install .`,
    none: '',
  };
  const start =
    project.entry === 'manage.py' ? ['python', 'manage.py', 'runserver', '0.0.0.0:8000'] : ['python', project.entry];
  return `
FROM python:${project.version ?? '3.13'}-slim AS build
WORKDIR /app
RUN python -m venv /venv
ENV VIRTUAL_ENV=/venv PATH=/venv/bin:$PATH
${install[project.tool] ?? ''}

FROM python:${project.version ?? '3.13'}-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
RUN useradd --create-home --uid 10001 app
COPY --from=build /venv /venv
COPY . .
USER 10001
${expose(project)}CMD ${JSON.stringify(start)}`;
}

function go(project: Project): string {
  return `
FROM golang:${project.version ?? '1.24'} AS build
WORKDIR /src
COPY go.* ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \\
    CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /out/${project.entry} .

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/${project.entry} /usr/local/bin/${project.entry}
USER 65532
${expose(project)}ENTRYPOINT ["/usr/local/bin/${project.entry}"]`;
}

function java(project: Project): string {
  const version = project.version ?? '21';
  const build =
    project.tool === 'maven'
      ? `FROM maven:3-eclipse-temurin-${version} AS build
WORKDIR /src
COPY pom.xml ./
RUN --mount=type=cache,target=/root/.m2 mvn -B dependency:go-offline
COPY . .
RUN --mount=type=cache,target=/root/.m2 mvn -B -DskipTests package \\
    && cp target/*.jar /app.jar`
      : `FROM gradle:8-jdk${version} AS build
WORKDIR /src
COPY *.gradle* gradle.properties* ./
RUN --mount=type=cache,target=/home/gradle/.gradle gradle --no-daemon dependencies
COPY . .
RUN --mount=type=cache,target=/home/gradle/.gradle gradle --no-daemon assemble \\
    && cp build/libs/*.jar /app.jar`;
  return `
${build}

FROM eclipse-temurin:${version}-jre
WORKDIR /app
RUN useradd --uid 10001 app
COPY --from=build /app.jar ./${project.entry}
USER 10001
${expose(project)}ENTRYPOINT ["java", "-jar", "/app/${project.entry}"]`;
}

function dotnet(project: Project): string {
  const version = project.version ?? '9.0';
  const projectFile = project.tool.endsWith('proj') ? project.tool : `${project.entry}.csproj`;
  return `
FROM mcr.microsoft.com/dotnet/sdk:${version} AS build
WORKDIR /src
COPY ${projectFile} ./
RUN --mount=type=cache,target=/root/.nuget dotnet restore ${projectFile}
COPY . .
RUN --mount=type=cache,target=/root/.nuget dotnet publish ${projectFile} -c Release -o /out

FROM mcr.microsoft.com/dotnet/aspnet:${version}
WORKDIR /app
COPY --from=build /out ./
USER 1654
${expose(project)}ENTRYPOINT ["dotnet", "${project.entry}.dll"]`;
}

function rust(project: Project): string {
  return `
FROM rust:1-slim AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \\
    cargo build --release --locked \\
    && cp target/release/${project.entry} /usr/local/bin/${project.entry}

FROM debian:12-slim
RUN useradd --uid 10001 app
COPY --from=build /usr/local/bin/${project.entry} /usr/local/bin/${project.entry}
USER 10001
${expose(project)}ENTRYPOINT ["/usr/local/bin/${project.entry}"]`;
}

function cpp(project: Project): string {
  const packages = project.tool === 'cmake' ? 'cmake g++ make' : 'g++ make';
  const build =
    project.tool === 'cmake'
      ? `cmake -S . -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build --parallel \\
    && install -D build/${project.entry} /out/${project.entry}`
      : `make && install -D ${project.entry} /out/${project.entry}`;
  return `
FROM debian:12-slim AS build
RUN apt-get update \\
    && apt-get install -y --no-install-recommends ${packages} \\
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN ${build}

FROM debian:12-slim
RUN apt-get update \\
    && apt-get install -y --no-install-recommends libstdc++6 \\
    && rm -rf /var/lib/apt/lists/* \\
    && useradd --uid 10001 app
COPY --from=build /out/${project.entry} /usr/local/bin/${project.entry}
USER 10001
${expose(project)}ENTRYPOINT ["/usr/local/bin/${project.entry}"]`;
}

function php(project: Project): string {
  const dependencies =
    project.tool === 'composer'
      ? `FROM composer:2 AS dependencies
WORKDIR /app
COPY composer.* ./
RUN --mount=type=cache,target=/tmp/cache composer install --no-dev --no-scripts --no-interaction --ignore-platform-reqs

`
      : '';
  const copy = project.tool === 'composer' ? 'COPY --from=dependencies /app/vendor ./vendor\n' : '';
  const publicFolder = project.entry === '.' ? '/app' : `/app/${project.entry}`;
  return `
${dependencies}FROM php:8.4-cli
WORKDIR /app
${copy}COPY . .
USER www-data
${expose(project)}CMD ["php", "-S", "0.0.0.0:${project.port}", "-t", "${publicFolder}"]`;
}

function ruby(project: Project): string {
  const start =
    project.entry === 'config.ru'
      ? ['bundle', 'exec', 'rackup', '--host', '0.0.0.0', '--port', String(project.port)]
      : ['bundle', 'exec', 'ruby', project.entry];
  return `
FROM ruby:${project.version ?? '3.4'} AS build
WORKDIR /app
COPY Gemfile* ./
RUN bundle config set --local without development:test \\
    && bundle install

FROM ruby:${project.version ?? '3.4'}-slim
WORKDIR /app
RUN useradd --uid 10001 app
COPY --from=build /usr/local/bundle /usr/local/bundle
COPY . .
USER 10001
${expose(project)}CMD ${JSON.stringify(start)}`;
}
