"""python-telegram-bot: send, edit, reply, hear what a user writes."""

import aiohttp
from harness import Checks, expect
from telegram import Bot
from telegram.constants import ParseMode

CHAT = 4242


async def run(checks: Checks, url: str) -> None:
    bot = Bot("123456:clients-test", base_url=f"{url}/telegram/bot", base_file_url=f"{url}/telegram/file/bot")

    async def who() -> None:
        me = await bot.get_me()
        expect(me.is_bot and me.id == 123456, me)

    async def send_and_edit() -> None:
        sent = await bot.send_message(CHAT, "<b>첫 소식</b>", parse_mode=ParseMode.HTML)
        expect(sent.text == "첫 소식" and sent.chat.id == CHAT, sent)
        edited = await bot.edit_message_text("<b>둘째 소식</b>", CHAT, sent.message_id, parse_mode=ParseMode.HTML)
        expect(edited.message_id == sent.message_id and edited.edit_date is not None, edited)
        reply = await bot.send_message(CHAT, "답", reply_to_message_id=sent.message_id)
        expect(reply.reply_to_message.message_id == sent.message_id, reply)

    async def updates() -> None:
        async with aiohttp.ClientSession() as http:
            act = {"chat_id": CHAT, "text": "/status"}
            async with http.post(f"{url}/sim/telegram/update", json=act) as answer:
                expect(answer.status == 200, await answer.text())
        (update, *_) = await bot.get_updates(timeout=5)
        expect(update.message.text == "/status", update)
        expect(await bot.get_updates(offset=update.update_id + 1, timeout=0) == (), "an update came twice")

    async with bot:
        await checks.check("python-telegram-bot: get_me", who)
        await checks.check("python-telegram-bot: send_message, edit_message_text, reply", send_and_edit)
        await checks.check("python-telegram-bot: get_updates", updates)
