// Saving what is on the screen with all that belongs to it, and opening it again.
import { words } from "../../words/words.ts";

export const viewFileWords = words({
  en: {
    title: "This view as one file",
    about: "The address, the net, your pictures and painted masks: opened elsewhere, it shows the same.",
    save: "Save view",
    open: "Open a view",
  },
  zh: {
    title: "把当前视图存成一个文件",
    about: "包含地址、网络、您的图片和涂画的掩膜：在别处打开，显示相同的内容。",
    save: "保存视图",
    open: "打开视图",
  },
});
