"""Threads that help with the pieces of large loops: started when they are first needed, then kept.

A helper that has nothing to do looks for work for some 300 us, and lets any other thread go first while it looks; then
it sleeps. Starting a thread for every loop would take as long as a loop of that size.

Native code reaches the crew at one address. What lies there, in words of 64 bits: how many cores are free, the function
``share(run, task)``, and the helpers. `share` takes a core for each helper that it asks, and gives it back when the
work is done; however many programs run at once, no more threads work than the user, the system and the container allow
(`blas.allowed`). A child that is forked begins with helpers of its own. Where the system has no POSIX threads, whoever
shares does all the work.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

import numpy as np

from ..blas import allowed
from .machine import SHARE, THREADS, known
from .native import native_module

FREE, FIRST = 0, 8  # words: free cores, the first helper; between them the function
HELPERS = 63  # at most: as many as a word has bits, but for the sign
WORDS = 24  # of a helper: state, whether it is to go, function, task; 8 for its mutex, 8 for its condition
LOOKS = 1000  # for work before a helper sleeps; each lets other threads go first

ALONE = """
define void @share(ptr %run, ptr %task) {
  call void %run(ptr %task)
  ret void
}
"""

TOGETHER = """
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_mutex_init(ptr, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_init(ptr, ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_signal(ptr)
declare i32 @sched_yield()

; States of a helper: 0 never started, 1 free, 2 taken.

define void @share(ptr %run, ptr %task) {
entry:
  %count_at = getelementptr i64, ptr %task, i64 1
  %count = load i64, ptr %count_at
  %others = sub i64 %count, 1
  %few = icmp slt i64 %others, HELPERS
  %wanted = select i1 %few, i64 %others, i64 HELPERS
  %pending = getelementptr i64, ptr %task, i64 3
  br label %more

more:                       ; ask helpers, as long as there are free cores
  %asked = phi i64 [0, %entry], [%asked_further, %woken]
  %who = phi i64 [0, %entry], [%who_further, %woken]
  %enough = icmp sge i64 %asked, %wanted
  br i1 %enough, label %work, label %core

core:
  %left = atomicrmw sub ptr @crew, i64 1 seq_cst
  %free = icmp sgt i64 %left, 0
  br i1 %free, label %look, label %back

look:                       ; for one that is free, or was never started
  %number = phi i64 [0, %core], [%next_number, %taken]
  %none = icmp eq i64 %number, HELPERS
  br i1 %none, label %back, label %try

try:
  %helper = call ptr @helper(i64 %number)
  %was_free = cmpxchg ptr %helper, i64 1, i64 2 seq_cst seq_cst
  %got = extractvalue {i64, i1} %was_free, 1
  br i1 %got, label %ask, label %unknown

unknown:
  %was_unknown = cmpxchg ptr %helper, i64 0, i64 2 seq_cst seq_cst
  %new = extractvalue {i64, i1} %was_unknown, 1
  br i1 %new, label %start, label %taken

taken:
  %next_number = add i64 %number, 1
  br label %look

start:
  %started = call i1 @start(ptr %helper)
  br i1 %started, label %ask, label %failed

failed:
  store atomic i64 0, ptr %helper seq_cst, align 8
  br label %back

ask:
  atomicrmw add ptr %pending, i64 1 seq_cst
  call void @wake(ptr %helper, ptr %run, ptr %task)
  br label %woken

woken:
  %asked_further = add i64 %asked, 1
  %bit = shl i64 1, %number
  %who_further = or i64 %who, %bit
  br label %more

back:                       ; no core or no helper
  atomicrmw add ptr @crew, i64 1 seq_cst
  br label %work

work:
  call void %run(ptr %task)
  br label %recall

recall:                     ; who has not begun need not begin
  %remaining = phi i64 [%who, %work], [%fewer, %recalled]
  %nobody = icmp eq i64 %remaining, 0
  br i1 %nobody, label %wait, label %one

one:
  %lowest = call i64 @llvm.cttz.i64(i64 %remaining, i1 true)
  %minus = sub i64 %remaining, 1
  %fewer = and i64 %remaining, %minus
  %called = call ptr @helper(i64 %lowest)
  %go_of_called = getelementptr i64, ptr %called, i64 1
  %word = load i64, ptr %go_of_called
  %own = ptrtoint ptr %task to i64
  %undone = cmpxchg ptr %go_of_called, i64 %own, i64 0 seq_cst seq_cst
  %in_time = extractvalue {i64, i1} %undone, 1
  br i1 %in_time, label %dismiss, label %recalled

dismiss:
  store atomic i64 1, ptr %called seq_cst, align 8
  atomicrmw sub ptr %pending, i64 1 seq_cst
  br label %recalled

recalled:
  br label %recall

wait:
  %busy = load atomic i64, ptr %pending seq_cst, align 8
  %ended = icmp eq i64 %busy, 0
  br i1 %ended, label %done, label %again

again:
  call i32 @sched_yield()
  br label %wait

done:
  atomicrmw add ptr @crew, i64 %asked seq_cst
  ret void
}

declare i64 @llvm.cttz.i64(i64, i1)

define internal ptr @helper(i64 %number) {
  %words = mul i64 %number, WORDS
  %place = add i64 %words, FIRST
  %helper = getelementptr i64, ptr @crew, i64 %place
  ret ptr %helper
}

define internal i1 @start(ptr %helper) {
  %mutex = getelementptr i64, ptr %helper, i64 8
  %condition = getelementptr i64, ptr %helper, i64 16
  call i32 @pthread_mutex_init(ptr %mutex, ptr null)
  call i32 @pthread_cond_init(ptr %condition, ptr null)
  %thread = alloca i64
  %status = call i32 @pthread_create(ptr %thread, ptr null, ptr @live, ptr %helper)
  %started = icmp eq i32 %status, 0
  ret i1 %started
}

define internal void @wake(ptr %helper, ptr %run, ptr %task) {
  %go = getelementptr i64, ptr %helper, i64 1
  %run_at = getelementptr i64, ptr %helper, i64 2
  %mutex = getelementptr i64, ptr %helper, i64 8
  %condition = getelementptr i64, ptr %helper, i64 16
  store ptr %run, ptr %run_at
  %word = ptrtoint ptr %task to i64
  call i32 @pthread_mutex_lock(ptr %mutex)
  store atomic i64 %word, ptr %go seq_cst, align 8
  call i32 @pthread_cond_signal(ptr %condition)
  call i32 @pthread_mutex_unlock(ptr %mutex)
  ret void
}

define internal ptr @live(ptr %helper) {
entry:
  %go = getelementptr i64, ptr %helper, i64 1
  %run_at = getelementptr i64, ptr %helper, i64 2
  %mutex = getelementptr i64, ptr %helper, i64 8
  %condition = getelementptr i64, ptr %helper, i64 16
  br label %idle

idle:
  br label %look

look:
  %looks = phi i64 [0, %idle], [%more_looks, %pause]
  %seen = load atomic i64, ptr %go seq_cst, align 8
  %something = icmp ne i64 %seen, 0
  br i1 %something, label %accept, label %nothing

nothing:
  %tired = icmp eq i64 %looks, LOOKS
  br i1 %tired, label %lie_down, label %pause

pause:
  call i32 @sched_yield()
  %more_looks = add i64 %looks, 1
  br label %look

lie_down:
  call i32 @pthread_mutex_lock(ptr %mutex)
  %now = load atomic i64, ptr %go seq_cst, align 8
  %still = icmp eq i64 %now, 0
  br i1 %still, label %doze, label %rise

doze:
  call i32 @pthread_cond_wait(ptr %condition, ptr %mutex)
  br label %rise

rise:                       ; called back meanwhile or not: who is awake looks again, since more work may follow
  call i32 @pthread_mutex_unlock(ptr %mutex)
  br label %idle

accept:                     ; unless it has been called back
  %task_word = atomicrmw xchg ptr %go, i64 0 seq_cst
  %stands = icmp ne i64 %task_word, 0
  br i1 %stands, label %work, label %idle

work:
  %run = load ptr, ptr %run_at
  %task = inttoptr i64 %task_word to ptr
  call void %run(ptr %task)
  store atomic i64 1, ptr %helper seq_cst, align 8
  %pending = getelementptr i64, ptr %task, i64 3
  atomicrmw sub ptr %pending, i64 1 seq_cst
  br label %idle
}
"""


def _text() -> str:
    """Return the crew in LLVM's language."""
    share = TOGETHER if known().issuperset(THREADS) else ALONE
    for name, value in (("HELPERS", HELPERS), ("WORDS", WORDS), ("FIRST", FIRST), ("LOOKS", LOOKS)):
        share = share.replace(name, str(value))
    size = FIRST + HELPERS * WORDS
    return f"""@crew = global [{size} x i64] zeroinitializer, align 64
{share}
define i64 @place(i64 %unused) {{
  %share_at = getelementptr i64, ptr @crew, i64 {SHARE}
  store ptr @share, ptr %share_at
  ret i64 ptrtoint (ptr @crew to i64)
}}
"""


@cache
def words() -> Any:
    """Return the crew as an array of words."""
    address = native_module(_text(), "place")(0)
    size = FIRST + HELPERS * WORDS
    found = np.ctypeslib.as_array((ctypes.c_int64 * size).from_address(address))
    found[FREE] = allowed() - 1  # whoever shares has a core already

    def again() -> None:  # the helpers of the parent are not here, and what it had taken nobody gives back
        found[FIRST:] = 0
        found[FREE] = allowed() - 1

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=again)
    return found


def crew() -> int:
    """Return the address of the crew."""
    return int(words().ctypes.data)
