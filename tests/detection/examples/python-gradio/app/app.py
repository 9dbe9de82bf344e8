import gradio as gr
def f(x): return x
demo = gr.Interface(fn=f, inputs="text", outputs="text")
if __name__ == "__main__":
    demo.launch()
