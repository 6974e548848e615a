// Calls of the server, and the line of changes: one after the other, tried again until saved.

export class Refusal extends Error {
  constructor(answer) {
    super(answer.error);
    this.kind = answer.kind;
  }
}

export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(9)), (b) => b.toString(16).padStart(2, '0'))
    .join('');

/** What the server answers; a Refusal if it refuses, a TypeError if it cannot be reached. */
export async function call(name, content = {}) {
  const response = await fetch(`api/${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(content),
  });
  const answer = await response.json().catch(() => ({ error: response.statusText, kind: 'wrong' }));
  if (!response.ok) throw new Refusal(answer);
  return answer;
}

/** Changes wait here until the server has them on its disk. */
export class Changes {
  constructor({ who, saved, failed, state }) {
    Object.assign(this, { who, saved, failed, state });
    this.waiting = [];
    this.running = false;
    this.revision = 0;
  }

  get isEmpty() { return this.waiting.length === 0; }

  add(change) {
    this.waiting.push({ ...change, key: newKey() });
    this.state('saving');
    if (!this.running) this.run();
  }

  /** Resolves when nothing waits any more. */
  async settled() {
    while (this.running) await new Promise((resolve) => { setTimeout(resolve, 20); });
  }

  async run() {
    this.running = true;
    while (this.waiting.length) {
      const change = this.waiting[0];
      try {
        const unit = await call('change', { ...this.who(), ...change, revision: this.revision });
        this.waiting.shift();
        this.revision = unit.revision;
        this.saved(unit, this.isEmpty);
      } catch (error) {
        if (error instanceof Refusal && error.kind !== 'disk') {
          this.waiting = [];
          this.failed(error);
        } else {
          this.state('lost', error instanceof Refusal ? error.message : 'the server does not answer');
          await new Promise((resolve) => { setTimeout(resolve, 1500); });
        }
      }
    }
    this.running = false;
    this.state('saved');
  }
}
