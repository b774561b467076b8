// What changed since the page was opened: snapshots are compared by the keys of
// their objects, and the words are NEW, CHANGED, ADOPTED and GONE.

export class Changes {
  /* A page that is opened knows what it saw first; everything else is a change. */
  constructor(objects, at) {
    this.since = at;
    this.first = new Map(objects.map((o) => [o.key, o]));
    this.last = new Map(this.first);
    this.words = new Map(); // key -> {word, at}
    this.gone = new Map(); // key -> the object as it was last
  }

  /* compare takes what exists now and says what each object's change is. */
  compare(objects, at) {
    const now = new Map(objects.map((o) => [o.key, o]));
    for (const o of objects) this.one(o, at);
    for (const [key, o] of this.last) {
      if (now.has(key)) continue;
      this.gone.set(key, o);
      this.words.set(key, { word: "GONE", at });
    }
    this.last = now;
  }

  one(o, at) {
    const first = this.first.get(o.key);
    const before = this.words.get(o.key);
    this.gone.delete(o.key);
    if (!first) {
      if (before?.word !== "NEW") this.words.set(o.key, { word: "NEW", at });
      return;
    }
    if (o.mark !== first.mark) {
      if (before?.word !== "CHANGED" || this.last.get(o.key)?.mark !== o.mark) this.words.set(o.key, { word: "CHANGED", at });
    } else if (o.uses !== first.uses && o.uses > first.uses) {
      if (before?.word !== "ADOPTED") this.words.set(o.key, { word: "ADOPTED", at });
    } else {
      this.words.delete(o.key);
    }
  }

  /* of is the change of one object, or nothing. */
  of(key) {
    return this.words.get(key);
  }

  /* tally is the changes in words: "2 new, 1 adopted". Runs come and go and are not counted. */
  tally() {
    const n = { NEW: 0, ADOPTED: 0, CHANGED: 0, GONE: 0 };
    for (const [key, { word }] of this.words) if (!key.startsWith("run ")) n[word]++;
    return Object.entries(n).filter(([, count]) => count).map(([word, count]) => `${count} ${word.toLowerCase()}`).join(", ");
  }
}
