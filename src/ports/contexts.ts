/** What a COPY from the build context takes, and its identity; the words are those of any selection of files. */
export type {
  FileSelection as ContextSelection,
  MissingSource,
  SelectedEntry,
  SelectedPath,
  SelectedSource,
} from '../base/index.ts'
