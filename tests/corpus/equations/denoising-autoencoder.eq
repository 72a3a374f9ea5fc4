# The input plus given noise, a penalty on the code
# m = 5
X: 5 x m
N: 5 x m input
W: 3 x 5
D: 5 x 3
Code = relu(W @ (X + 0.1 * N))
loss = mse(D @ Code, X) + 0.01 * sum(Code) / m
