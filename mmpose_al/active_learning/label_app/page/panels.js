// What stands beside the views, and the dialogs. Texts go in as text, never as markup.

import { KEYS } from './keys.js';
import { amount, count, minutes } from './model.js';

/** An element with attributes and children; strings become text. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const dialog = () => document.getElementById('dialog');

let settle = null; // what resolves the dialog that is open

/** Show a dialog; resolves with what closed it: the value of a button, or '' for Esc and for a
 * dialog that comes in its place. */
export function ask(...children) {
  const box = dialog();
  box.replaceChildren(...children.filter((child) => child !== null));
  if (box.open) {
    if (settle) settle('');
    box.close(); // its event comes later, when the new one is open
  }
  box.returnValue = '';
  box.showModal();
  const first = box.querySelector('[autofocus]') || box.querySelector('button');
  if (first) first.focus();
  return new Promise((resolve) => {
    settle = resolve;
    box.addEventListener('close', function closed() {
      if (settle === resolve && box.open) return;
      box.removeEventListener('close', closed);
      if (settle === resolve) resolve(box.returnValue);
    });
  });
}

export const close = (value = '') => dialog().close(value);
export const isOpen = () => dialog().open;
const closing = (text, value, attributes = {}) =>
  el('button', { type: 'button', onclick: () => close(value), ...attributes }, text);

// ---- beside the views --------------------------------------------------------------------

export function showJoints(app) {
  const list = document.getElementById('joints');
  const rows = app.person.order.map((k) => {
    const { placed, settled, suggested, views } = count(app.person.views, k);
    const text = views === 1 ? (placed ? '●' : settled ? '–' : suggested ? '○' : '')
      : `${placed}${suggested ? `+${suggested}` : ''}/${views}`;
    const about = `${placed} placed, ${suggested} suggested, of ${views} views`;
    return el('li', {}, el('button', {
      type: 'button', 'aria-current': String(k === app.joint), title: about, 'data-joint': k,
      onclick: () => app.do('choose', k),
    }, el('span', { class: `mark ${app.setup.sides[k]}` }),
    el('span', { class: 'name' }, app.setup.joints[k]), el('span', { class: 'count' }, text)));
  });
  list.replaceChildren(...rows);
  const current = list.querySelector('[aria-current=true]');
  if (current && window.innerWidth > 700) current.scrollIntoView({ block: 'nearest' });
}

export function showNotes(app) {
  const notes = app.unit.persons.flatMap((person, place) =>
    person.notes.map((note) => ({ ...note, place })));
  document.getElementById('notes').replaceChildren(...notes.map((note) => el('li', {},
    el('button', { type: 'button', onclick: () => app.do('lookAt', note) }, note.text))));
}

// ---- dialogs -----------------------------------------------------------------------------

export async function askName(known) {
  const input = el('input', {
    type: 'text', maxlength: 60, autofocus: true, value: known, 'aria-label': 'your name',
    onkeydown: (event) => { if (event.key === 'Enter') { event.preventDefault(); close('go'); } },
  });
  for (;;) {
    const answer = await ask(el('h2', {}, 'Who labels?'),
      el('p', { class: 'dim' }, 'The name is kept with what you do, and units are handed out by it.'),
      input, el('div', { class: 'row' }, closing('Begin', 'go', { class: 'main' })));
    if (answer === 'go' && input.value.trim()) return input.value.trim();
  }
}

export const askTakeOver = (text) => ask(el('h2', {}, 'Another tab is open'), el('p', {}, text),
  el('p', { class: 'dim' }, 'What is saved is in both. The other tab will stop.'),
  el('div', { class: 'row' }, closing('Go on here', 'go', { class: 'main' }), closing('Leave', '')));

const REASONS = ['not in the picture', 'covered', 'too blurred or too dark', 'the box is wrong',
  'another person'];
const UNREADABLE = 'the image cannot be read';

/** Why a person cannot be labelled: {reason, all}, or null; `failed`: the image is not shown. */
export async function askReason(several, view, failed) {
  const other = el('input', { type: 'text', maxlength: 200, 'aria-label': 'another reason',
    placeholder: 'another reason' });
  const all = el('input', { type: 'checkbox' });
  const answer = await ask(el('h2', {}, `Cannot be labelled in ${view}`),
    ...(failed ? [UNREADABLE] : REASONS).map((reason) =>
      el('div', { class: 'row' }, closing(reason, reason))),
    el('div', { class: 'row' }, other, closing('Use it', 'other')),
    several ? el('p', {}, el('label', {}, all, 'in all views')) : null,
    el('div', { class: 'row' }, closing('Leave as it is', '')));
  const reason = answer === 'other' ? other.value.trim() : answer;
  return reason ? { reason, all: all.checked } : null;
}

export function showKeys() {
  const tables = KEYS.map(([heading, keys]) => el('section', {}, el('h3', {}, heading),
    el('table', {}, ...keys.map((entry) => el('tr', {}, el('td', {}, el('kbd', {}, entry[0])),
      el('td', {}, entry[entry.length - 1]))))));
  return ask(el('h2', {}, 'Keyboard map'), el('div', { class: 'map' }, ...tables),
    el('p', { class: 'dim' }, 'Filled: placed. Dashed ring: predicted. Diamond: proposed by the '
      + 'clicks of other views. Ring with a dot: hidden. A suggestion is no label until it is '
      + 'accepted.'),
    el('div', { class: 'row' }, closing('Close', '')));
}

/** All units: how far each is; resolves with the unit to open, 'finish', or ''. */
export async function askUnit(app, { units, people }) {
  const rows = units.map((unit, place) => el('tr', {},
    el('td', {}, closing(String(place + 1), String(unit.unit))),
    el('td', { class: unit.done ? 'good' : '' }, unit.done ? 'done' : unit.joints ? 'begun' : ''),
    el('td', {}, `${unit.views}/${unit.of_views} views, ${unit.joints} joints`
      + (unit.skipped ? `, ${unit.skipped} cannot be labelled` : '')),
    el('td', {}, unit.seconds ? minutes(unit.seconds) : ''),
    el('td', {}, unit.holder || unit.owner || '')));
  const names = Object.entries(people).map(([name, entry]) =>
    `${name}: ${entry.done} done, ${minutes(entry.seconds)}`);
  return ask(el('h2', {}, (app.setup.round === null ? '' : `Round ${app.setup.round}: `)
    + amount(units.length, app.setup.unit)),
    el('div', { class: 'scroll' }, el('table', {}, ...rows)),
    el('p', { class: 'dim' }, names.join(' · ')),
    el('div', { class: 'row' }, closing('Finish …', 'finish', { class: 'main', id: 'finish' }),
      // One Enter too many goes nowhere.
      closing('Close', '', { autofocus: units.every((unit) => unit.done) })));
}

/** How many joints are labels, and where; an image is one view. */
function labelled({ setup }, { joints, views, units }) {
  const of = setup.unit === 'images' ? '' : `${amount(views, 'views')} of `;
  return `${amount(joints, 'joints')} in ${of}${amount(units.length, setup.unit)}`;
}

/** What becomes of earlier labels, and what is left out. */
function changes({ withdrawn, replaced, lost, passed_over: passed }, lose, have) {
  const names = Object.entries(lost).map(([joint, number]) => `${joint} (${number})`);
  return [
    withdrawn ? `${amount(withdrawn, 'persons')} ${lose} their labels.` : null,
    replaced ? `${amount(replaced, 'persons')} ${have} other labels than before.` : null,
    names.length ? `Joints without a label that they had: ${names.join(', ')}.` : null,
    ...Object.entries(passed).map(([why, number]) => `Left out: ${number} ${why}.`),
  ].map((text) => (text ? el('p', {}, text) : null));
}

/** What would be handed over; resolves with 'finish', 'begun', a unit,
 * 'warning N', or ''. */
export function askFinish(app, check) {
  const place = (unit) => app.setup.units.indexOf(unit) + 1;
  const list = (units) => units.map(place).join(', ');
  const rounds = app.setup.round !== null;
  const reasons = Object.values(check.reasons).length;
  const nothing = !check.joints && !check.withdrawn;
  const line = (units, text, look) => (units.length
    ? el('p', {}, `${units.length} ${text}: ${list(units)} `,
      look ? closing('Look', String(units[0])) : null) : null);
  return ask(el('h2', {}, rounds ? 'Finish this round' : 'Finish'),
    el('p', {}, nothing ? 'Nothing is done yet.' : `${labelled(app, check)} will be labels.`),
    ...changes(check, 'will lose', 'will have'),
    line(check.open, rounds ? 'not answered, they go back to the pool'
      : 'not labelled yet, they stay for the next time', true),
    line(check.begun, 'begun but not done, left out', true),
    line(check.empty, 'done without a label', true),
    reasons ? el('p', {}, `${amount(reasons, 'views')} cannot be labelled.`) : null,
    check.warnings.length ? el('h3', { class: 'bad' }, 'Look at these clicks again') : null,
    el('ul', { class: 'scroll' }, ...check.warnings.map((warning, number) => el('li', {},
      closing(warning.text, `warning ${number}`)))),
    el('div', { class: 'row' },
      closing('Hand over', 'finish', { class: 'main', id: 'hand-over', disabled: nothing }),
      check.begun.length ? closing('With those begun', 'begun', { id: 'hand-over-begun' }) : null,
      closing('Go on labelling', '')));
}

/** Why labels are not handed over: it is long, and stays until it is read. */
export const showRefusal = (text) => ask(el('h2', {}, 'Not handed over'),
  el('p', { class: 'long' }, text),
  el('p', { class: 'dim' }, 'What is saved stays saved.'),
  el('div', { class: 'row' }, closing('Close', '')));

export function showHanded(app, handed) {
  return ask(el('h2', {}, handed.written ? 'Handed over' : 'Handed over before; nothing is new'),
    el('p', {}, `${labelled(app, handed)}.`),
    ...changes(handed, 'lost', 'have'),
    app.setup.goes_on
      ? el('p', {}, 'The experiment goes on in the terminal. This page comes back if it asks '
        + 'again.')
      : el('div', {}, el('p', {}, 'Go on with'), el('code', {}, app.setup.train),
        el('p', { class: 'dim' }, 'Until then you may correct labels and hand over again. '
          + 'Ctrl-C in the terminal ends the annotator.')),
    el('div', { class: 'row' }, closing('Close', '')));
}
