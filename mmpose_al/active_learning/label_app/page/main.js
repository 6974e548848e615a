// The page: what is looked at, what is asked for next, and what a key or a click does.

import { Changes, Refusal, call, newKey } from './api.js';
import { actionOf } from './keys.js';
import {
  PLACED, STATE, V, X, Y, accepted, clicksFor, columns, count, inside, isEnough, isSaid, isShown,
  minutes, nextJoint, swapped, withCells,
} from './model.js';
import {
  ask, askFinish, askName, askReason, askTakeOver, askUnit, close, el, isOpen, showHanded,
  showJoints, showKeys, showNotes, showRefusal,
} from './panels.js';
import { View } from './view.js';

const byId = (id) => document.getElementById(id);
const IDLE = 30; // seconds without an event that are no work

class App {
  constructor() {
    Object.assign(this, {
      tab: sessionStorage.getItem('tab') || newKey(), name: '', unit: null, place: 0, joint: 0,
      active: null, large: null, mode: 'joint', need: 3, suggestions: true, brightness: 1,
      contrast: 1, peeked: 0, frozen: false, views: [], seen: new Set(), worked: 0, last: performance.now(),
    });
    sessionStorage.setItem('tab', this.tab);
    this.changes = new Changes({
      who: () => ({ name: this.name, tab: this.tab, seconds: this.takeSeconds() }),
      saved: (unit, last) => { if (last && unit.unit === this.unit.unit) this.show(unit); },
      failed: (error) => {
        this.refused(error);
        if (error.kind !== 'tab') this.open(this.unit.unit).catch(() => {});
      },
      state: (state, why) => this.showSaved(state, why),
    });
  }

  get person() { return this.unit.persons[this.place]; }

  get view() { return this.views.find((view) => view.data.id === this.active) || this.views[0]; }

  async begin() {
    this.setup = await call('setup');
    const { round } = this.setup;
    document.title = round === null ? 'Label' : `Label round ${round}`;
    await this.join();
    new ResizeObserver(() => this.layout()).observe(byId('views'));
    window.addEventListener('resize', () => this.layout());
    this.listen();
    await this.goOn();
    setInterval(() => this.beat(), 8000);
  }

  async join(force = false) {
    const known = localStorage.getItem('label-name') || '';
    const name = force || sessionStorage.getItem('name') || await askName(known);
    try {
      this.name = (await call('join', { name, tab: this.tab, force: Boolean(force) })).name;
      localStorage.setItem('label-name', this.name);
      sessionStorage.setItem('name', this.name);
      this.freeze(false);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.kind !== 'tab') { this.toast(error.message); return this.join(); }
      if (await askTakeOver(error.message) === 'go') return this.join(name);
      sessionStorage.removeItem('name');
      return this.join();
    }
    return null;
  }

  // ---- units ----------------------------------------------------------------------------

  /** The next unit that is to be done; the list of all where there is none. */
  async goOn() {
    const { unit } = await this.call('next');
    if (unit !== null) return this.open(unit);
    if (!this.unit) await this.open(this.setup.units[0]);
    await this.countUnits();
    return this.overview();
  }

  async open(number) {
    await this.changes.settled();
    const same = this.unit && this.unit.unit === number;
    const unit = await this.call('open', { unit: number });
    this.changes.revision = unit.revision;
    if (!same) Object.assign(this, { place: 0, large: null, peeked: 0, seen: new Set() });
    this.unit = unit;
    if (!same) this.build();
    this.show(unit);
    this.freeze(Boolean(unit.holder), unit.holder
      ? `${unit.holder} has this unit; you can look at it.` : '', 'take');
    this.countUnits();
  }

  async countUnits() {
    const { units, closed } = await this.call('overview');
    if (closed && !this.setup.goes_on) {
      this.freeze(true, 'This round is closed: the experiment has gone on from its labels. What '
        + 'was not handed over can still become labels of the open round: Units, Finish.');
    }
    const done = units.filter((unit) => unit.done).length;
    const left = units.length - done;
    const spent = units.reduce((sum, unit) => sum + unit.seconds, 0);
    const rate = done ? ` · about ${minutes((spent / done) * left)} left` : '';
    byId('progress').textContent = `${this.unit.place + 1} of ${units.length} · ${done} done`
      + ` · ${minutes(spent)}${left ? rate : ''}`;
  }

  /** The views of a person, anew. */
  build() {
    this.seen.add(this.place);
    this.views = this.person.views.map((data) => new View(this, data));
    byId('views').replaceChildren(...this.views.map((view) => view.box));
    this.active = this.views[0].data.id;
    this.joint = this.firstOpen();
    const several = this.views.length > 1;
    for (const id of ['grid', 'accept-view']) byId(id).hidden = !several;
    byId('way').hidden = !several;
    this.showNeed();
    this.layout();
  }

  /** How many clicks is asked where others follow them. */
  showNeed() {
    byId('need-label').hidden = this.mode === 'view'
      || !this.person.views.some((view) => view.follows);
  }

  firstOpen() {
    return this.person.order.find((k) => !isEnough(this.person.views, k, this.need))
      ?? this.person.order[0];
  }

  /** A unit as the server has it, drawn. */
  show(unit) {
    this.unit = unit;
    this.views.forEach((view, place) => view.show(this.person.views[place]));
    byId('undo').disabled = !unit.can_undo;
    byId('redo').disabled = !unit.can_redo;
    byId('done').textContent = unit.done ? 'Done ✓' : 'Done';
    byId('people').hidden = unit.persons.length < 2;
    byId('people').textContent = `person ${this.place + 1} of ${unit.persons.length}, next ▶`;
    showNotes(this);
    this.showAsk();
  }

  showAsk() {
    byId('ask').textContent = this.question();
    showJoints(this);
  }

  /** What is asked for now. */
  question() {
    const { views, order } = this.person;
    if (this.views.every((view) => view.failed && !view.data.reason)) {
      return 'The image cannot be shown. C answers it.';
    }
    if (views.every((view) => view.reason)) return 'Cannot be labelled. Enter goes on.';
    const { placed, suggested, views: all } = count(views, this.joint);
    const name = this.setup.joints[this.joint], need = clicksFor(views, this.need);
    if (order.every((k) => isEnough(views, k, this.need))) {
      return accepted(views).length ? 'All asked for. A accepts what is suggested.'
        : 'All there. Enter goes on.';
    }
    if (suggested && !placed) return `Is ${name} correct? A click or a drag moves it, A accepts all.`;
    if (all > 1) return `Place ${name}${placed < need ? ` (${placed} of ${need} clicks)` : ''}`;
    return `Place ${name}; X if it is not in the picture`;
  }

  layout() {
    if (!this.views.length) return;
    const box = byId('views');
    const narrow = window.innerWidth <= 700;
    const shown = this.views.filter((view) => this.large === null || view.data.id === this.large);
    const shape = shown[0].data.width / shown[0].data.height;
    const height = narrow ? window.innerHeight * 0.75 : box.clientHeight;
    let fit = columns(shown.length, box.clientWidth, height, shape);
    if (narrow && shown.length > 1) fit = { columns: 2, width: (box.clientWidth - 14) / 2 };
    fit.width = Math.max(fit.width, 60);
    box.style.gridTemplateColumns = `repeat(${fit.columns}, ${fit.width}px)`;
    for (const view of this.views) {
      view.box.hidden = !shown.includes(view);
      view.box.classList.toggle('large', shown.length === 1);
      view.box.style.width = `${fit.width}px`;
      view.box.style.height = `${Math.round(fit.width / shape)}px`;
      view.button.hidden = this.views.length === 1;
      if (!view.box.hidden) { view.placed = false; view.resize(); }
    }
  }

  draw() { this.views.forEach((view) => view.draw()); this.showAsk(); }

  // ---- changes --------------------------------------------------------------------------

  /** Save cells; the page shows them at once, and calls them saved when they are. */
  save(cells, how) {
    if (!cells.length || !this.mayChange()) return false;
    this.changes.add({ op: 'set', unit: this.unit.unit, cells, how });
    const views = withCells(this.person.views, cells);
    this.unit.persons[this.place] = { ...this.person, views };
    this.views.forEach((view, place) => view.show(views[place]));
    return true;
  }

  set(annotation, joint, x, y, how, v = null) {
    const view = this.person.views.find((each) => each.id === annotation);
    const old = view.joints[joint];
    const visible = v ?? (old[STATE] === PLACED ? old[V] : 2);
    this.joint = joint;
    if (this.save([[annotation, joint, ...inside(view, x, y), visible]], how)) this.showAsk();
  }

  clicked(view, x, y, hit) {
    if (this.peeked) { this.do('grid'); return; }
    const joints = view.data.joints;
    if (view.failed) { this.toast('The image cannot be shown. C answers it.'); return; }
    if (view.data.reason) { this.toast('This view cannot be labelled; Z takes it back.'); return; }
    const there = joints[this.joint][STATE] === PLACED;
    if (hit !== null && joints[hit][STATE] === PLACED && (there || hit === this.joint)) {
      this.do('choose', hit);
    } else if (there) {
      this.toast(`${this.setup.joints[this.joint]} is placed here; drag it, or choose another.`);
    } else {
      const joint = this.joint;
      this.set(view.data.id, joint, x, y, 'click');
      this.joint = nextJoint(this.person, joint, this.mode, this.need, view.data);
      this.draw();
    }
  }

  mayChange() {
    if (this.frozen) this.toast('Nothing can be changed here now.');
    return !this.frozen;
  }

  op(op, more = {}) {
    if (this.mayChange()) this.changes.add({ op, unit: this.unit.unit, ...more });
  }

  /** Carry out an action of a key or a button. */
  do(action, argument) {
    const name = `on_${action}`;
    if (this[name]) this[name](argument);
  }

  on_nextJoint() { this.step(1); }

  on_previousJoint() { this.step(-1); }

  step(by) {
    const { order } = this.person;
    this.joint = order[(order.indexOf(this.joint) + by + order.length) % order.length];
    this.draw();
  }

  on_choose(k) { this.joint = k; this.draw(); }

  on_lookAt({ joint, annotations, place }) {
    if (place !== this.place) this.turnTo(place);
    this.joint = joint;
    [this.active] = annotations;
    this.draw();
    this.view.box.scrollIntoView({ block: 'nearest' });
  }

  on_nudge([dx, dy]) {
    const joint = this.view.data.joints[this.joint];
    if (isShown(joint)) {
      this.set(this.view.data.id, this.joint, joint[X] + dx, joint[Y] + dy, 'nudge');
    }
  }

  on_hidden() { this.on_hiddenAt([this.view.data.id, this.joint]); }

  on_hiddenAt([annotation, k]) {
    const joint = this.views.find((view) => view.data.id === annotation).data.joints[k];
    if (!isShown(joint)) { this.toast('Place the joint first.'); return; }
    const visible = joint[STATE] === PLACED && joint[V] === 1 ? 2 : 1;
    this.set(annotation, k, joint[X], joint[Y], 'hidden', visible);
  }

  on_delete() {
    const { data } = this.view;
    if (this.save([[data.id, this.joint, 0, 0, 0]], 'delete')) {
      this.joint = nextJoint(this.person, this.joint, this.mode, this.need, data);
      this.draw();
    }
  }

  on_swap() {
    const cells = swapped(this.view.data, this.setup.pairs);
    if (cells.length) this.save(cells, 'swap');
    else this.toast('There are no left and right joints here to swap.');
  }

  on_accept() { this.accept(this.person.views, 'accept_all'); }

  on_acceptView() { this.accept([this.view.data], 'accept'); }

  on_acceptJoint() {
    if (this.accept(this.person.views, 'accept', this.joint)) {
      this.joint = nextJoint(this.person, this.joint, this.mode, this.need, this.view.data);
      this.draw();
    }
  }

  accept(views, how, joint = null) {
    if (!this.suggestions) { this.toast('Suggestions are hidden; P shows them.'); return false; }
    const cells = accepted(views, joint);
    if (!cells.length) this.toast('There is no suggestion to accept.');
    return this.save(cells, how);
  }

  async on_cannot() {
    const { data } = this.view;
    if (data.reason) { this.op('skip', { annotations: [data.id], reason: null }); return; }
    const answer = await askReason(this.views.length > 1, data.name, Boolean(this.view.failed));
    if (answer) {
      const annotations = answer.all ? this.person.views.map((view) => view.id) : [data.id];
      this.op('skip', { annotations, reason: answer.reason });
    }
  }

  on_undo() { if (this.unit.can_undo || !this.changes.isEmpty) this.op('undo'); }

  on_redo() { if (this.unit.can_redo) this.op('redo'); }

  async on_done() {
    if (!this.mayChange()) return;
    const other = this.unit.persons.findIndex((person, place) =>
      !this.seen.has(place) && !isSaid(person));
    if (other >= 0) {
      this.turnTo(other);
      this.toast(`Person ${other + 1} of ${this.unit.persons.length} has no label yet. `
        + 'Enter again leaves it so.');
      return;
    }
    const left = this.unit.persons.flatMap((person) => person.views)
      .reduce((sum, view) => sum + accepted([view]).length, 0);
    if (left && await ask(el('h2', {}, `${left} suggestions are not accepted`),
      el('p', {}, 'They will be no labels.'),
      el('div', { class: 'row' },
        el('button', { type: 'button', class: 'main', autofocus: true, id: 'done-accept',
          onclick: () => close('accept') }, 'Accept all, done'),
        el('button', { type: 'button', id: 'done-leave', onclick: () => close('leave') },
          'Leave them out, done'),
        el('button', { type: 'button', onclick: () => close('') }, 'Go on here'))) === 'accept') {
      const cells = this.unit.persons.flatMap((person) => accepted(person.views));
      this.changes.add({ op: 'set', unit: this.unit.unit, cells, how: 'accept_all' });
    } else if (left && byId('dialog').returnValue !== 'leave') return;
    this.op('done', { done: true });
    await this.changes.settled();
    if (!this.frozen) await this.goOn();
  }

  // ---- looking --------------------------------------------------------------------------

  hover(id) {
    if (this.active === id) return;
    const before = this.view;
    this.active = id;
    if (before) before.draw();
    this.view.draw();
  }

  on_suggestions() { this.suggestions = !this.suggestions; this.draw(); }

  on_mode() { byId('mode').value = this.mode === 'joint' ? 'view' : 'joint'; this.readMode(); }

  readMode() {
    this.mode = byId('mode').value;
    this.need = Number(byId('need').value);
    this.showNeed();
    this.showAsk();
  }

  on_enlarge(place) {
    if (place < this.views.length) this.enlarge(this.views[place].data.id);
  }

  on_toggleLarge(id) { this.enlarge(this.large === id ? null : id); }

  on_grid() { if (this.peeked) this.peek(0); else this.enlarge(null); }

  enlarge(id) {
    if (this.views.length === 1) return;
    this.large = id;
    if (id !== null) this.active = id;
    this.layout();
    this.draw();
  }

  on_nextView() { this.stepView(1); }

  on_previousView() { this.stepView(-1); }

  stepView(by) {
    const place = (this.views.indexOf(this.view) + by + this.views.length) % this.views.length;
    if (this.large !== null) this.enlarge(this.views[place].data.id);
    else this.hover(this.views[place].data.id);
  }

  on_zoomIn() { this.view.zoom(1.3); }

  on_zoomOut() { this.view.zoom(1 / 1.3); }

  on_fit() { const whole = !this.view.whole; this.views.forEach((view) => view.fit(whole)); }

  on_before() { this.peek(this.peeked - 1); }

  on_after() { this.peek(this.peeked + 1); }

  /** Images of other moments, for context; 0 is the one that is labelled. */
  async peek(step) {
    let any = step === 0;
    for (const view of this.views) {
      view.near ??= (await this.call('neighbours', { image: view.data.image })).images;
      const at = view.near.findIndex((each) => each.id === view.data.image);
      const found = step === 0 || at < 0 ? null : view.near[at + step];
      any = any || Boolean(found);
      view.peekTo = found ? { ...found, step } : null;
    }
    if (!any) { this.toast('There is no image beyond.'); return; }
    this.peeked = step;
    this.views.forEach((view) => view.peek(view.peekTo));
  }

  on_nextPerson() {
    if (this.unit.persons.length < 2) return;
    this.turnTo((this.place + 1) % this.unit.persons.length);
  }

  /** Another person of the unit. */
  turnTo(place) {
    Object.assign(this, { place, large: null });
    this.build();
    this.show(this.unit);
  }

  on_previousUnit() { this.turn(-1); }

  on_nextUnit() { this.turn(1); }

  turn(by) {
    const place = this.setup.units.indexOf(this.unit.unit) + by;
    if (place >= 0 && place < this.setup.units.length) this.open(this.setup.units[place]);
  }

  on_help() { showKeys(); }

  on_overview() { this.overview(); }

  async overview() {
    await this.changes.settled();
    const answer = await askUnit(this, await this.call('overview'));
    if (answer === 'finish') await this.finish();
    else if (answer) await this.open(Number(answer));
  }

  async finish() {
    try {
      await this.handOver();
    } catch (error) {
      if (!(error instanceof Refusal) || error.kind === 'tab') throw error;
      this.toast('', 0);
      await showRefusal(error.message);
    }
  }

  async handOver() {
    await this.send('time');
    this.toast('Looking at all labels …', 600);
    const check = await this.call('check');
    this.toast('', 0);
    const answer = await askFinish(this, check);
    if (answer === 'finish' || answer === 'begun') {
      this.toast('Handing over …', 600);
      const handed = await this.call('finish', { begun: answer === 'begun' });
      this.toast('', 0);
      await showHanded(this, handed);
      if (this.setup.goes_on) this.wait();
    } else if (answer.startsWith('warning')) await this.lookAt(check.warnings[answer.slice(8)]);
    else if (answer) await this.open(Number(answer));
  }

  /** Open what a warning is about. */
  async lookAt({ annotations, joints, unit }) {
    await this.open(unit);
    const place = this.unit.persons.findIndex((person) =>
      person.views.some((view) => annotations.includes(view.id)));
    const joint = Math.max(this.setup.joints.indexOf(joints[0]), 0);
    this.do('lookAt', { joint, annotations, place });
  }

  /** The next round comes to the same address. */
  wait() {
    this.freeze(true, 'The experiment goes on in the terminal; this page comes back if it asks again.');
    setInterval(async () => {
      const setup = await call('setup').catch(() => null);
      if (setup && setup.query !== this.setup.query) window.location.reload();
    }, 2000);
  }

  // ---- the server, time, and what is told ---------------------------------------------------

  async call(name, content = {}) {
    try {
      return await call(name, { name: this.name, tab: this.tab, ...content });
    } catch (error) {
      this.refused(error);
      throw error;
    }
  }

  async send(op) {
    await this.changes.settled();
    if (this.unit && !this.frozen) this.changes.add({ op, unit: this.unit.unit });
    await this.changes.settled();
  }

  refused(error) {
    if (error.kind === 'tab') {
      this.freeze(true, error.message, 'join');
    } else if (error instanceof Refusal) this.toast(error.message);
    else this.showSaved('lost', 'the server does not answer');
  }

  /** Says that this tab is there still, and hears whether another one went on. */
  async beat() {
    if (!this.changes.isEmpty || (this.frozen && this.remedy === 'join')) return;
    await this.countUnits().then(() => this.showSaved('saved')).catch(() => {});
  }

  freeze(frozen, text = '', remedy = '') {
    Object.assign(this, { frozen, remedy });
    const banner = byId('banner');
    banner.hidden = !frozen;
    const button = { join: 'Go on here', take: 'Take it over' }[remedy];
    banner.replaceChildren(text, ...(button ? [el('button', {
      type: 'button',
      onclick: () => (remedy === 'join' ? this.rejoin() : this.takeOver()),
    }, button)] : []));
  }

  async rejoin() { await this.join(this.name); await this.open(this.unit.unit); }

  async takeOver() {
    this.frozen = false;
    this.op('take');
    await this.changes.settled();
    await this.open(this.unit.unit);
  }

  showSaved(state, why = '') {
    const box = byId('saved');
    box.className = state;
    box.textContent = { saved: 'saved', saving: 'saving …', lost: `NOT SAVED: ${why}` }[state];
  }

  toast(text, seconds = 3.5) {
    const box = byId('toast');
    box.textContent = text;
    box.hidden = !text;
    clearTimeout(this.toasting);
    this.toasting = setTimeout(() => { box.hidden = true; }, seconds * 1000);
  }

  /** Count the time between two events as work, unless nobody was there. */
  tick() {
    const now = performance.now(), passed = (now - this.last) / 1000;
    this.last = now;
    if (passed < IDLE && !document.hidden) this.worked += passed;
  }

  takeSeconds() {
    this.tick();
    const seconds = Math.round(this.worked * 1000) / 1000;
    this.worked = 0;
    return seconds;
  }

  listen() {
    for (const kind of ['pointermove', 'pointerdown', 'keydown', 'wheel']) {
      window.addEventListener(kind, () => this.tick(), { passive: true, capture: true });
    }
    document.addEventListener('keydown', (event) => {
      if (isOpen() || event.target.matches('input, select, textarea')) return;
      if (event.target.matches('button') && ['Enter', ' '].includes(event.key)) return;
      const found = actionOf(event);
      if (!found) return;
      event.preventDefault();
      this.do(...found);
    });
    const buttons = {
      previous: 'previousUnit', next: 'nextUnit', done: 'done', overview: 'overview', help: 'help',
      undo: 'undo', redo: 'redo', accept: 'accept', 'accept-view': 'acceptView', hidden: 'hidden',
      delete: 'delete', swap: 'swap', cannot: 'cannot', grid: 'grid', fit: 'fit',
      before: 'before', after: 'after', people: 'nextPerson',
    };
    for (const [id, action] of Object.entries(buttons)) {
      byId(id).addEventListener('click', () => { byId(id).blur(); this.do(action); });
    }
    for (const id of ['mode', 'need']) {
      byId(id).addEventListener('change', () => { this.readMode(); byId(id).blur(); });
    }
    for (const id of ['brightness', 'contrast']) {
      byId(id).addEventListener('input', () => { this[id] = byId(id).value; this.draw(); });
      byId(id).addEventListener('dblclick', () => {
        byId(id).value = this[id] = 1;
        this.draw();
      });
    }
    window.addEventListener('beforeunload', (event) => {
      if (!this.changes.isEmpty) event.preventDefault();
    });
  }
}

const app = new App();
window.labelApp = app; // for those who look into the page
app.begin().catch((error) => app.refused(error));
