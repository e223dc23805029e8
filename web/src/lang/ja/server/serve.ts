import type { Texts } from "../server-texts";

/* Sentences of src/serve: see server-texts.ts. */
export const serve: Texts = {
  /* serve/http/api.c */
  "With curl: --data-binary @FILE instead of -F.": "curl の場合は、-F の代わりに --data-binary @FILE を使用してください。",
  "the body is a form (%s); send the file itself as the body": "本文がフォーム ({1}) です。ファイル自体を本文として送信してください",
  "A certificate or chain is a few thousand bytes: check that it is the right file.": "証明書またはチェーンは数千バイトです。正しいファイルか確認してください。",
  "the file has %zu bytes, the limit is %zu": "ファイルは {1} バイトあり、上限の {2} バイトを超えています",
  "List the changes to see their numbers.": "変更の一覧で番号を確認してください。",
  "'%s' is not the number of a change": "「{1}」は変更の番号ではありません",
  "Use the value of \"next\" of the answer before.": "直前の応答の \"next\" の値を使用してください。",
  "'%s' is not a cursor of this list": "「{1}」はこの一覧のカーソルではありません",
  "Send the name and password of an account of this node (HTTP Basic) or an access token (Bearer), or sign in at its console.": "このノードのアカウントの名前とパスワード (HTTP Basic) またはアクセストークン (Bearer) を送信するか、コンソールでサインインしてください。",
  "this needs a sign-in": "サインインが必要です",
  "Sign in: POST /api/v1/session.": "サインインしてください: POST /api/v1/session",
  "this request is not part of a session of the console": "この要求はコンソールのセッションのものではありません",
  "Open the console of this node itself.": "このノード自身のコンソールを開いてください。",
  "a page of another site (%s) sent this request": "他のサイト ({1}) のページからの要求です",

  /* serve/http/api_cluster.c */
  "the request has %zu bytes, the limit is %d": "要求は {1} バイトあり、上限の {2} バイトを超えています",
  "Give a list of strings, each HOST:PORT.": "ホスト:ポート の文字列のリストを指定してください。",
  "the argument peers is not a list of strings": "引数 peers が文字列のリストではありません",

  /* serve/http/api_read.c */
  "Use own or trust.": "own または trust を指定してください。",
  "'%s' is not a usage": "「{1}」は区分ではありません",
  "Use all or any.": "all または any を指定してください。",
  "'%s' is not a way to combine conditions": "「{1}」は条件の組み合わせ方ではありません",
  "Give it as HOST:PORT.": "ホスト:ポート の形式で指定してください。",
  "the parameter peer is missing": "パラメータ peer がありません",

  /* serve/http/api_task.c */
  "There are %s.": "次のものがあります: {1}",
  "there is no argument '%s' here": "引数「{1}」はここでは使えません",
  "Give it as a string.": "文字列で指定してください。",
  "Give the one that the account has now.": "アカウントの現在のパスワードを指定してください。",
  "the present password is not right": "現在のパスワードが正しくありません",

  /* serve/http/route.c */
  "%s is '%s', but must be a number from %llu to %llu": "{1} の値「{2}」は {3} ～ {4} の数値でなければなりません",
  "%s %s has no parameter '%s', nor any other": "{1} {2} にパラメータ「{3}」はありません。パラメータはありません",
  "%s %s has no parameter '%s'; there are: %s": "{1} {2} にパラメータ「{3}」はありません。使えるもの: {4}",
  "The parameter %s is given more than once": "パラメータ {1} が 2 回以上指定されています",
  "Say 1, true or yes; or 0, false or no.": "1、true、yes、または 0、false、no を指定してください。",
  "%s is '%s', which is neither yes nor no": "{1} の値「{2}」は yes でも no でもありません",
  "%s is '%s', which is not a number": "{1} の値「{2}」は数値ではありません",
  "The query's part '%s' is not well-formed": "クエリの「{1}」の形式が正しくありません",
  "%s is not allowed for %s; there are: %s": "{2} に {1} は使えません。使えるもの: {3}",
  "The path '%s' is not well-formed": "パス「{1}」の形式が正しくありません",
  "See /api/v1/openapi.json for what there is.": "一覧は /api/v1/openapi.json にあります。",
  "There is nothing at %s": "{1} には何もありません",
  "The JSON body is nested more than %d levels deep": "JSON の本文の入れ子が {1} 段を超えています",
  "The body is not well-formed JSON: line %d, column %d: %s": "本文の JSON の形式が正しくありません。{1} 行目 {2} 文字目: {3}",
  "The body is JSON, but at line 1 begins something else than an object": "本文は JSON ですが、1 行目がオブジェクトで始まっていません",
  "The body is a form that is not well-formed": "本文のフォームの形式が正しくありません",
  "Send it as application/x-www-form-urlencoded.": "application/x-www-form-urlencoded で送信してください。",
  "The body is not a form": "本文がフォームではありません",

  /* serve/http/server.c */
  "Try again in a few seconds.": "数秒待ってから、もう一度実行してください。",
  "The server has as many requests as it can hold": "サーバが受け付けられる要求の数に達しています",
};
