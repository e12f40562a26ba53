/**
 * What happened in a store, for `events`: a line for each, appended by whoever did it, since there is no daemon that all passes
 * through. In: an event; out: those of before, and those to come. Bounded: the oldest lines go. Nothing here decides what an event is.
 */
export { containerEvent, type EventSubject, type Journal, type NewEvent, openJournal } from './journal.ts'
export { type EventType, eventTypes, type JournalEvent } from './journal-event.ts'
export { JournalReader } from './journal-reader.ts'
