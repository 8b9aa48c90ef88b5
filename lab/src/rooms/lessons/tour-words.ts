import { words } from "../../words/words.ts";

export const tourWords = words({
  en: {
    tour: (title: string) => `Tour: ${title}`,
    stepOf: (step: number, count: number) => `${step} / ${count}`,
    says: (step: number, count: number, sentence: string) => `Step ${step} of ${count}. ${sentence}`,
    goThere: (room: string) => `Go on in the room ${room}`,
    show: "Go to the marked control",
    done: "Done",
    next: "Go on",
    back: "Back",
    finish: "Finish the tour",
    leave: "Leave the tour",
    fromLesson: "The lesson that sent you here",
    backToLesson: "Back to the lesson",
    showAll: (count: number) => (count === 1 ? "Show the hidden control" : `Show ${count} hidden controls`),
  },
  zh: {
    tour: (title: string) => `导览：${title}`,
    stepOf: (step: number, count: number) => `${step} / ${count}`,
    says: (step: number, count: number, sentence: string) => `第 ${step} 步，共 ${count} 步。${sentence}`,
    goThere: (room: string) => `到“${room}”房间继续`,
    show: "转到标出的控件",
    done: "完成",
    next: "继续",
    back: "上一步",
    finish: "结束导览",
    leave: "离开导览",
    fromLesson: "带你来到这里的课程",
    backToLesson: "回到课程",
    showAll: (count: number) => `显示隐藏的 ${count} 个控件`,
  },
});
