# One head over one sequence, the tokens as columns
# t = 5
X: 4 x t input
Y: 3 x t
W_Q, W_K: 2 x 4
W_V: 3 x 4
Query = W_Q @ X
Key = W_K @ X
Val = W_V @ X
S = Key.T @ Query / sqrt(2)
P = softmax(S)
Out = Val @ P
loss = mse(Out, Y)
