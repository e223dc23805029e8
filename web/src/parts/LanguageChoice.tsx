/* The language of the page, for those whose browser does not say it. */
import { useWatched } from "../base/store";
import { chooseLanguage, language, t, type Language } from "../base/text";

export function LanguageChoice() {
  const now = useWatched(language);
  return (
    <label class="language">
      <span class="sr-only">{t("language")}</span>
      <select value={now} onChange={(e) => chooseLanguage(e.currentTarget.value as Language)}>
        <option value="en" lang="en">
          English
        </option>
        <option value="ja" lang="ja">
          日本語
        </option>
      </select>
    </label>
  );
}
