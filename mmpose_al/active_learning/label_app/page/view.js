// One view: the picture, what is drawn on it, and what the pointer does to it.
// A place is in pixels of the pool: the centre of the first pixel is (0, 0).

import {
  AGREES, ERROR, PLACED, PREDICTED, PROPOSED, STATE, SURE, V, X, Y, isShown, isSuggested,
  nearest,
} from './model.js';

const COLORS = { left: '#ffa53d', right: '#4cc3ff', middle: '#8ce99a' };
const REACH = 10, STILL = 4, MAX_ZOOM = 60; // screen pixels; times the whole image

export class View {
  constructor(app, data) {
    Object.assign(this, { app, data, scale: 1, left: 0, top: 0, whole: false, placed: false });
    this.box = document.createElement('div');
    this.box.className = 'view';
    this.box.dataset.view = data.id;
    this.picture = this.box.appendChild(document.createElement('canvas'));
    this.drawing = this.box.appendChild(document.createElement('canvas'));
    this.label = this.box.appendChild(document.createElement('span'));
    this.label.className = 'name';
    this.button = this.box.appendChild(document.createElement('button'));
    this.button.className = 'enlarge';
    this.button.textContent = '⤢';
    this.button.title = 'Enlarge, or all views';
    this.button.setAttribute('aria-label', `enlarge ${data.name}`);
    this.button.addEventListener('click', () => app.do('toggleLarge', data.id));
    this.reason = this.box.appendChild(document.createElement('p'));
    this.reason.className = 'reason';
    this.fault = this.box.appendChild(document.createElement('p'));
    this.fault.className = 'fault';
    this.fault.setAttribute('role', 'alert');
    this.fault.hidden = true;
    this.pointers = new Map();
    this.listen();
    this.image = this.loaded(data.image);
  }

  /** The picture of an id; drawn when it is there. */
  loaded(id) {
    const image = new Image();
    image.addEventListener('load', () => this.draw());
    image.addEventListener('error', () => { if (id === this.data.image) this.fail(); });
    image.src = `images/${id}`;
    return image;
  }

  /** Say that the image cannot be shown, and why, in the server's words. */
  async fail() {
    this.failed = 'it cannot be read as an image';
    const answer = await fetch(`images/${this.data.image}`).catch(() => null);
    if (answer && !answer.ok) this.failed = await answer.text();
    this.say();
  }

  say() {
    this.fault.hidden = !this.failed;
    this.fault.textContent = `${this.data.file} cannot be shown: ${this.failed}. `
      + 'Put it right and load the page anew, or press C: cannot be labelled.';
    this.draw();
    if (this.app.views.includes(this)) this.app.showAsk();
  }

  show(data) { this.data = data; this.draw(); }

  /** Another image of the camera, for context; null is the view's own. */
  peek(neighbour) {
    this.other = neighbour;
    this.context = neighbour ? this.loaded(neighbour.id) : null;
    this.draw();
  }

  // ---- where things are ---------------------------------------------------------------

  resize() {
    const { clientWidth: width, clientHeight: height } = this.box;
    const ratio = window.devicePixelRatio || 1;
    if (!width || !height) return;
    for (const canvas of [this.picture, this.drawing]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    Object.assign(this, { width, height, ratio });
    if (!this.placed) this.fit(this.whole); else this.draw();
  }

  /** Show the whole image, or the person with a margin. */
  fit(whole) {
    this.whole = whole;
    const { width, height, bbox } = this.data;
    let [x, y, w, h] = [-0.5, -0.5, width, height];
    if (!whole && bbox) {
      const margin = 0.2 * Math.max(bbox[2], bbox[3]);
      const x1 = Math.max(bbox[0] - margin, -0.5), y1 = Math.max(bbox[1] - margin, -0.5);
      const x2 = Math.min(bbox[0] + bbox[2] + margin, width - 0.5);
      const y2 = Math.min(bbox[1] + bbox[3] + margin, height - 0.5);
      if (x2 > x1 && y2 > y1) [x, y, w, h] = [x1, y1, x2 - x1, y2 - y1];
    }
    this.scale = Math.min(this.width / w, this.height / h);
    this.left = this.width / 2 - (x + w / 2) * this.scale;
    this.top = this.height / 2 - (y + h / 2) * this.scale;
    this.placed = true;
    this.draw();
  }

  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const least = Math.min(this.width / this.data.width, this.height / this.data.height) * 0.8;
    const scale = Math.min(Math.max(this.scale * factor, least), least * MAX_ZOOM);
    this.left = x - (x - this.left) * (scale / this.scale);
    this.top = y - (y - this.top) * (scale / this.scale);
    this.scale = scale;
    this.draw();
  }

  at(x, y) { return [x * this.scale + this.left, y * this.scale + this.top]; }

  place(event) {
    const box = this.box.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left - this.box.clientLeft,
      event.clientY - box.top - this.box.clientTop];
    return { sx: x, sy: y, x: (x - this.left) / this.scale, y: (y - this.top) / this.scale };
  }

  // ---- the pointer --------------------------------------------------------------------

  listen() {
    const { box } = this;
    box.addEventListener('pointerenter', () => this.app.hover(this.data.id));
    box.addEventListener('pointerdown', (event) => this.down(event));
    box.addEventListener('pointermove', (event) => this.move(event));
    box.addEventListener('pointerup', (event) => this.up(event));
    box.addEventListener('pointercancel', (event) => {
      this.pointers.delete(event.pointerId);
      this.dragged = null;
      this.draw();
    });
    box.addEventListener('contextmenu', (event) => event.preventDefault());
    box.addEventListener('wheel', (event) => {
      event.preventDefault();
      const { sx, sy } = this.place(event);
      this.zoom(Math.exp(-event.deltaY * 0.0015), sx, sy);
    }, { passive: false });
  }

  down(event) {
    if (event.target === this.button) return;
    event.preventDefault();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    this.app.hover(this.data.id);
    capture(this.box, event.pointerId);
    const spot = this.place(event);
    const shown = (joint) => isShown(joint) && (this.app.suggestions || !isSuggested(joint));
    this.pointers.set(event.pointerId, {
      ...spot, start: spot, moved: false,
      joint: event.button === 0 && this.editable
        ? nearest(this.data, spot.x, spot.y, REACH / this.scale, shown) : null,
      right: event.button === 2,
    });
  }

  get editable() { return !this.app.peeked && !this.app.frozen && !this.data.reason; }

  move(event) {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) return;
    const spot = this.place(event);
    if (Math.hypot(spot.sx - pointer.start.sx, spot.sy - pointer.start.sy) > STILL) {
      pointer.moved = true;
    }
    if (this.pointers.size === 2) this.pinch(event.pointerId, spot);
    else if (pointer.moved && pointer.joint !== null) this.drag(pointer, spot);
    else if (pointer.moved) {
      this.left += spot.sx - pointer.sx;
      this.top += spot.sy - pointer.sy;
      this.draw();
    }
    Object.assign(pointer, { sx: spot.sx, sy: spot.sy });
  }

  pinch(id, spot) {
    const other = [...this.pointers].find(([key]) => key !== id)[1];
    const before = this.pointers.get(id);
    const was = Math.hypot(before.sx - other.sx, before.sy - other.sy);
    const is = Math.hypot(spot.sx - other.sx, spot.sy - other.sy);
    before.moved = other.moved = true;
    before.joint = other.joint = null;
    if (was > 0) this.zoom(is / was, (spot.sx + other.sx) / 2, (spot.sy + other.sy) / 2);
  }

  drag(pointer, spot) {
    this.dragged = { joint: pointer.joint, x: spot.x, y: spot.y };
    this.draw();
  }

  up(event) {
    const pointer = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    if (!pointer) return;
    const spot = this.place(event);
    if (pointer.right && !pointer.moved) {
      const joint = nearest(this.data, spot.x, spot.y, REACH / this.scale);
      if (joint !== null) this.app.do('hiddenAt', [this.data.id, joint]);
    } else if (this.dragged) {
      const { joint } = this.dragged;
      this.dragged = null;
      this.app.set(this.data.id, joint, spot.x, spot.y, 'drag');
    } else if (!pointer.moved) this.app.clicked(this, spot.x, spot.y, pointer.joint);
  }

  // ---- drawing ------------------------------------------------------------------------

  draw() {
    if (!this.width) return;
    const { app, data } = this;
    this.box.classList.toggle('active', app.active === data.id);
    this.reason.hidden = !data.reason;
    this.reason.textContent = data.reason ? `cannot be labelled: ${data.reason}` : '';
    const worst = data.joints.some((joint) => !joint[AGREES]);
    this.label.classList.toggle('bad', worst);
    const number = app.views ? app.views.indexOf(this) + 1 : 0;
    const where = this.other ? ` · ${this.other.step > 0 ? '+' : ''}${this.other.step}` : '';
    this.label.textContent = `${number} ${data.name}${where}`;
    const image = this.context || this.image;
    const ctx = this.picture.getContext('2d');
    ctx.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    ctx.clearRect(0, 0, this.width, this.height);
    ctx.imageSmoothingEnabled = this.scale < 4;
    this.picture.style.filter = `brightness(${app.brightness}) contrast(${app.contrast})`;
    if (image.complete && image.naturalWidth) {
      const [x, y] = this.at(-0.5, -0.5);
      ctx.drawImage(image, x, y, data.width * this.scale, data.height * this.scale);
    }
    this.drawOver();
  }

  drawOver() {
    const ctx = this.drawing.getContext('2d');
    ctx.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    ctx.clearRect(0, 0, this.width, this.height);
    ctx.font = '11px system-ui, sans-serif';
    ctx.globalAlpha = this.app.peeked ? 0.25 : 1;
    this.drawOthers(ctx);
    this.drawBox(ctx);
    this.drawLine(ctx);
    const joints = this.data.joints.map((joint, k) => (this.dragged && this.dragged.joint === k
      ? [this.dragged.x, this.dragged.y, joint[V] || 2, PLACED, null, null, true] : joint));
    if (this.data.reason) ctx.globalAlpha = 0.3;
    for (const limb of this.app.setup.limbs) this.drawLimb(ctx, joints, limb);
    this.words = []; // where something is written
    this.drawJoint(ctx, joints[this.app.joint], this.app.joint);
    joints.forEach((joint, k) => { if (k !== this.app.joint) this.drawJoint(ctx, joint, k); });
    ctx.globalAlpha = 1;
  }

  drawBox(ctx) {
    const [x, y, w, h] = this.data.bbox;
    const [left, top] = this.at(x, y);
    ctx.strokeStyle = '#ffffff55';
    ctx.lineWidth = 1;
    ctx.setLineDash([4, 4]);
    ctx.strokeRect(left, top, w * this.scale, h * this.scale);
    ctx.setLineDash([]);
  }

  /** What is placed of the other persons of this image, small and grey. */
  drawOthers(ctx) {
    ctx.fillStyle = '#ffffff99';
    for (const person of this.app.unit.persons) {
      if (person === this.app.person) continue;
      const view = person.views.find((each) => each.image === this.data.image);
      for (const joint of view ? view.joints : []) {
        if (joint[STATE] !== PLACED) continue;
        const [x, y] = this.at(joint[X], joint[Y]);
        ctx.fillRect(x - 1.5, y - 1.5, 3, 3);
      }
    }
  }

  drawLine(ctx) {
    const line = (this.app.person.lines[this.app.joint] || {})[this.data.id];
    if (!line || !this.app.suggestions) return;
    ctx.strokeStyle = '#ffe066';
    ctx.lineWidth = 1.2;
    ctx.setLineDash([7, 4]);
    ctx.beginPath();
    line.forEach(([x, y]) => ctx.lineTo(...this.at(x, y)));
    ctx.stroke();
    ctx.setLineDash([]);
  }

  visible(joint) { return isShown(joint) && (this.app.suggestions || !isSuggested(joint)); }

  drawLimb(ctx, joints, [a, b]) {
    if (!this.visible(joints[a]) || !this.visible(joints[b])) return;
    const sides = [this.app.setup.sides[a], this.app.setup.sides[b]];
    const side = sides.find((each) => each !== 'middle') || 'middle';
    const sure = joints[a][STATE] === PLACED && joints[b][STATE] === PLACED;
    ctx.strokeStyle = COLORS[side] + (sure ? 'cc' : '77');
    ctx.lineWidth = sure ? 2 : 1.3;
    ctx.setLineDash(sure ? [] : [3, 3]);
    ctx.beginPath();
    ctx.moveTo(...this.at(joints[a][X], joints[a][Y]));
    ctx.lineTo(...this.at(joints[b][X], joints[b][Y]));
    ctx.stroke();
    ctx.setLineDash([]);
  }

  drawJoint(ctx, joint, k) {
    if (!this.visible(joint)) return;
    const [x, y] = this.at(joint[X], joint[Y]);
    const color = COLORS[this.app.setup.sides[k]], current = this.app.joint === k;
    const size = current ? 5.5 : 4;
    ctx.lineWidth = current ? 2.2 : 1.5;
    ctx.strokeStyle = color;
    ctx.beginPath();
    if (joint[STATE] === PROPOSED) {
      ctx.moveTo(x, y - size - 1); ctx.lineTo(x + size + 1, y); ctx.lineTo(x, y + size + 1);
      ctx.lineTo(x - size - 1, y); ctx.closePath();
    } else ctx.arc(x, y, size, 0, 2 * Math.PI);
    if (joint[STATE] === PLACED && joint[V] === 2) {
      ctx.fillStyle = color;
      ctx.fill();
      ctx.strokeStyle = '#000c';
      ctx.lineWidth = 1;
    } else { // a ring is seen on any ground
      ctx.strokeStyle = '#000a';
      ctx.lineWidth += 2;
      ctx.stroke();
      ctx.strokeStyle = color;
      ctx.lineWidth -= 2;
      if (joint[STATE] === PREDICTED) ctx.setLineDash([3, 2]);
    }
    ctx.stroke();
    ctx.setLineDash([]);
    if (joint[V] === 1) { // hidden: a ring with a dot
      ctx.fillStyle = color;
      ctx.fillRect(x - 1, y - 1, 2, 2);
    }
    this.drawWords(ctx, joint, k, x, y, current);
  }

  drawWords(ctx, joint, k, x, y, current) {
    const words = [];
    if (current) words.push(this.app.setup.joints[k]);
    if (!joint[AGREES]) {
      ctx.strokeStyle = '#ff4040';
      ctx.lineWidth = 2;
      ctx.beginPath();
      ctx.arc(x, y, 10, 0, 2 * Math.PI);
      ctx.stroke();
    }
    if (joint[ERROR] !== null && (current || !joint[AGREES])) words.push(`${joint[ERROR].toFixed(1)} px`);
    if (joint[STATE] === PREDICTED && joint[SURE] !== null && (current || this.app.large !== null)) {
      words.push(`${Math.round(joint[SURE] * 100)} %`);
    }
    if (joint[STATE] === PROPOSED && current) words.push('proposed');
    if (!words.length) return;
    const text = words.join('  ');
    const wide = ctx.measureText(text).width + 6;
    const left = Math.min(Math.max(x + 9, 0), this.width - wide);
    const free = this.words.every((other) =>
      left + wide < other[0] || left > other[0] + other[1] || Math.abs(y - other[2]) > 14);
    if (!free && !current && joint[AGREES]) return;
    this.words.push([left, wide, y]);
    ctx.fillStyle = '#000b';
    ctx.fillRect(left, y - 16, wide, 14);
    ctx.fillStyle = joint[AGREES] ? '#fff' : '#ff8080';
    ctx.fillText(text, left + 3, y - 5);
  }
}

function capture(box, id) {
  try { box.setPointerCapture(id); } catch { /* a pointer that is gone */ }
}
