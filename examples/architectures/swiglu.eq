# A feed-forward part with SwiGLU
# Shazeer (2020), GLU variants improve transformer
X: 4 x m
Y: 4 x m
W, V: 6 x 4
U: 4 x 6
loss = mse(U @ (silu(W @ X) * (V @ X)), Y)
