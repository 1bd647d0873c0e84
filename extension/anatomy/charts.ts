/// <reference lib="dom" />
// Small line charts in SVG: the last two minutes of one figure, its limit as a dashed line, and the figure in words.

const svgNamespace = 'http://www.w3.org/2000/svg';
const width = 240;
const height = 56;
const keptSamples = 120;

export interface Chart {
  /** Adds a reading; `limit` scales the chart so that the line shows how near it is. */
  add(values: readonly number[], words: string, limit?: number): void;
}

/** Puts a chart into `parent`; `series` names its lines for those who can't see them. */
export function createChart(parent: HTMLElement, title: string, series: readonly string[]): Chart {
  const figure = parent.appendChild(document.createElement('figure'));
  const caption = figure.appendChild(document.createElement('figcaption'));
  const svg = document.createElementNS(svgNamespace, 'svg');
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  figure.append(svg);
  const limitLine = svg.appendChild(document.createElementNS(svgNamespace, 'line'));
  limitLine.setAttribute('class', 'limit');
  const lines = series.map((_, index) => {
    const line = svg.appendChild(document.createElementNS(svgNamespace, 'polyline'));
    line.setAttribute('class', `series-${index}`);
    return line;
  });
  const history: number[][] = series.map(() => []);
  caption.textContent = title;

  return {
    add(values, words, limit) {
      for (const [index, samples] of history.entries()) {
        samples.push(values[index] ?? 0);
        if (samples.length > keptSamples) samples.shift();
      }
      const top = Math.max(1e-9, limit ?? 0, ...history.flat()) * 1.05;
      const y = (value: number): number => height - (value / top) * height;
      for (const [index, samples] of history.entries()) {
        const start = keptSamples - samples.length;
        const points = samples.map(
          (value, at) => `${((start + at) / (keptSamples - 1)) * width},${y(value).toFixed(1)}`,
        );
        lines[index]?.setAttribute('points', points.join(' '));
      }
      limitLine.toggleAttribute('hidden', limit === undefined);
      if (limit !== undefined) {
        for (const [name, value] of Object.entries({ x1: 0, x2: width, y1: y(limit), y2: y(limit) })) {
          limitLine.setAttribute(name, String(value));
        }
      }
      caption.textContent = `${title}: ${words}`;
      svg.setAttribute('aria-label', `${title}: ${words}`);
    },
  };
}
