/** Where the picture lies on the canvas: zoom and pan. Screen positions are CSS pixels from the canvas' corner. */

const MARGIN = { side: 64, top: 30, bottom: 44 }; // CSS px around the picture: for the tools, and for boxes from outside
const MOST_ZOOM = 64;

export class View {
  width = 1; // of the canvas, CSS px
  height = 1;
  x = 0; // screen position of the picture's top left corner
  y = 0;
  scale = 1; // CSS px per picture px
  picture = { width: 1, height: 1 };
  fitted = true; // follow the window until the user zooms

  /** Take over the sizes of canvas and picture. Returns whether anything is different. */
  resize(width, height, picture) {
    const same = width === this.width && height === this.height
      && picture.width === this.picture.width && picture.height === this.picture.height;
    if (same) return false;
    const reshaped = picture.width !== this.picture.width || picture.height !== this.picture.height;
    if (!this.fitted && !reshaped) {
      this.x += (width - this.width) / 2;
      this.y += (height - this.height) / 2;
    }
    Object.assign(this, { width, height, picture });
    if (this.fitted || reshaped) this.fit();
    return true;
  }

  fit() {
    const width = Math.max(40, this.width - 2 * MARGIN.side);
    const height = Math.max(40, this.height - MARGIN.top - MARGIN.bottom);
    this.scale = Math.min(width / this.picture.width, height / this.picture.height);
    this.x = (this.width - this.picture.width * this.scale) / 2;
    this.y = MARGIN.top + (height - this.picture.height * this.scale) / 2;
    this.fitted = true;
  }

  /** Zoom by a factor, keeping the screen point where it is. */
  zoom(factor, [x, y] = [this.width / 2, this.height / 2]) {
    const fitting = Math.min(this.width / this.picture.width, this.height / this.picture.height);
    const scale = Math.min(fitting * MOST_ZOOM, Math.max(fitting / 16, this.scale * factor));
    const change = scale / this.scale;
    this.x = x - (x - this.x) * change;
    this.y = y - (y - this.y) * change;
    this.scale = scale;
    this.fitted = false;
  }

  pan(right, down) {
    this.x += right;
    this.y += down;
    this.fitted = false;
  }

  /** Fractions of the picture to the screen. */
  toScreen([x, y]) {
    return [this.x + x * this.picture.width * this.scale, this.y + y * this.picture.height * this.scale];
  }

  /** The screen to fractions of the picture. */
  toPicture([x, y]) {
    return [(x - this.x) / (this.picture.width * this.scale), (y - this.y) / (this.picture.height * this.scale)];
  }

  /** Left, top, width, height of a box on the screen. */
  rectangle(box) {
    const [left, top] = this.toScreen([box[0], box[1]]);
    const [right, bottom] = this.toScreen([box[2], box[3]]);
    return [left, top, right - left, bottom - top];
  }

  /** Fractions of the picture's width and height that so many CSS pixels are. */
  fractions(pixels) {
    return [pixels / (this.picture.width * this.scale), pixels / (this.picture.height * this.scale)];
  }
}
